/** Prints which seed finds each mutation: `bun packages/verify/test/simulation/check-mutations.ts [SEEDS] [FILTER]`. */
import { MUTATIONS, withMutant, type Mutation } from "./mutations.ts";
import { simulate, type RunResult } from "./simulate.ts";

/** The first run of a mutant that violates a rule; `null`: not found in so many seeds. */
export function findMutation(mutation: Mutation, seedsMax: number): Promise<RunResult | null> {
  return withMutant(mutation, (subject) => {
    for (let seed = 1; seed <= seedsMax; seed += 1) {
      const result = simulate(subject, seed);
      if (result.violation !== null) return result;
    }
    return null;
  });
}

if (import.meta.main) {
  const seedsMax = Number(process.argv[2] ?? 500);
  let missed = 0;
  for (const mutation of MUTATIONS.filter(({ name }) => name.includes(process.argv[3] ?? ""))) {
    const found = await findMutation(mutation, seedsMax);
    if (found === null) missed += 1;
    const by = found?.violation;
    const proof = by ? `seed ${found.seed}, ${by.rule}: ${by.text}` : "NOT FOUND";
    console.log(`${mutation.name.padEnd(50)} ${proof}`);
  }
  process.exit(missed === 0 ? 0 : 1);
}
