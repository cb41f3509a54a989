/**
 * Runs seeds: `bun packages/verify/test/simulation/main.ts [COUNT] [FIRST]`, or the one that
 * `CONCH_SIM_SEED` names. Prints the first failing seed.
 */
import { ORIGINAL } from "./mutations.ts";
import { simulate } from "./simulate.ts";

const only = process.env["CONCH_SIM_SEED"];
const count = only === undefined ? Number(process.argv[2] ?? 2000) : 1;
const first = Number(only ?? process.argv[3] ?? 1);
const startedAt = performance.now();
const sums = { accepted: 0, refused: 0, unavailable: 0, confirmed: 0, bound: 0 };
let failed = 0;
for (let seed = first; seed < first + count; seed += 1) {
  const result = simulate(ORIGINAL, seed);
  sums.accepted += result.accepted;
  sums.refused += result.refused;
  sums.unavailable += result.unavailable;
  sums.confirmed += result.waits.confirmed;
  sums.bound += result.waits.bound;
  if (result.violation === null) continue;
  const { rule, atMs, text } = result.violation;
  console.log(`CONCH_SIM_SEED=${seed}: ${rule} violated at ${atMs.toFixed(1)} ms: ${text}`);
  failed += 1;
  if (failed === 10) break;
}
console.log(sums, `${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
process.exit(failed === 0 ? 0 : 1);
