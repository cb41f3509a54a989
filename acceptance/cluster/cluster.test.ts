// Three real nodes, four real verifiers, one real PostgreSQL, and everything that can go wrong between
// them. The long form: npm run soak -- ROUNDS.
import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCluster } from "./cluster.ts";
import { runOrdeal } from "./ordeal.ts";

const BOUND_MS = 2000;
const PATIENCE_MS = 900_000;

test(
  "no acceptance later than the bound, no good token refused, nothing acknowledged lost",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "conch-cluster-"));
    const size = { nodes: 3, verifiers: 4, tokens: 200 };
    const cluster = await startCluster({ folder, boundMs: BOUND_MS, ...size });
    try {
      const outcome = await runOrdeal(cluster, {
        boundMs: BOUND_MS,
        rounds: 1,
        random: Math.random,
        say: () => {},
      });
      expect(outcome.violations).toEqual([]);
      // Something must have happened for the promise to have been kept.
      expect(outcome.revocations).toBeGreaterThan(50);
      expect(outcome.confirmed).toBeGreaterThan(5);
    } finally {
      await cluster.stop();
      await rm(folder, { recursive: true });
    }
  },
  PATIENCE_MS,
);
