/**
 * The bound, in a simulated world. A failing seed is printed; `CONCH_SIM_SEED=… npm test -- simulation`
 * replays it exactly. The long form: `bun packages/verify/test/simulation/main.ts 100000`.
 */
import { describe, expect, test } from "bun:test";
import { findMutation } from "./check-mutations.ts";
import { MUTATIONS, ORIGINAL } from "./mutations.ts";
import { simulate, type RunResult } from "./simulate.ts";

const SEEDS = 2000;
/** A mutation that takes more seeds than a run has would not have been noticed. */
const SEEDS_MAX = SEEDS;
const TIMEOUT_MS = 600_000;

function run(first: number, count: number): RunResult[] {
  return Array.from({ length: count }, (_, index) => simulate(ORIGINAL, first + index));
}

describe("the simulation", () => {
  const only = process.env["CONCH_SIM_SEED"];
  const [first, count] = only === undefined ? [1, SEEDS] : [Number(only), 1];

  test(
    `${count} seeds from ${first} violate no rule`,
    () => {
      const results = run(first, count);
      const violations = results.flatMap(({ seed, violation }) =>
        violation === null ? [] : [`CONCH_SIM_SEED=${seed} ${violation.rule}: ${violation.text}`],
      );
      expect(violations).toEqual([]);
      const confirmed = results.reduce((sum, { waits }) => sum + waits.confirmed, 0);
      // A world in which nothing is ever accepted keeps every bound.
      if (only === undefined) expect(confirmed).toBeGreaterThan(SEEDS);
    },
    TIMEOUT_MS,
  );

  test(
    "a seed replays exactly",
    () => {
      expect(run(1, 20)).toEqual(run(1, 20));
    },
    TIMEOUT_MS,
  );
});

describe("the simulation finds", () => {
  for (const mutation of MUTATIONS) {
    test(
      mutation.name,
      async () => {
        const found = await findMutation(mutation, SEEDS_MAX);
        expect(found?.violation ?? null).not.toBeNull();
      },
      TIMEOUT_MS,
    );
  }
});
