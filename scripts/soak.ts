// npm run soak -- [ROUNDS] [BOUND_SECONDS]: the cluster's ordeal for as long as you like; every round
// brings all faults once.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCluster } from "../acceptance/cluster/cluster.ts";
import { runOrdeal } from "../acceptance/cluster/ordeal.ts";

/** Half of them are revoked, one in an eighth of a second. */
const TOKENS = 4000;

async function soak(rounds: number, boundMs: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "conch-soak-"));
  const cluster = await startCluster({ folder, boundMs, nodes: 3, verifiers: 4, tokens: TOKENS });
  try {
    const say = (text: string) => console.log(text);
    const outcome = await runOrdeal(cluster, { boundMs, rounds, random: Math.random, say });
    const { revocations, confirmed, lateMsMax } = outcome;
    console.log(
      `${revocations} revoked, ${confirmed} of them confirmed; last acceptance ${lateMsMax} ms after the acknowledgement`,
    );
    for (const violation of outcome.violations) console.error(violation);
    if (outcome.violations.length > 0) return 1;
    return 0;
  } finally {
    await cluster.stop();
    await rm(folder, { recursive: true });
  }
}

const [rounds = "10", boundSeconds = "2"] = process.argv.slice(2);
process.exit(await soak(Number(rounds), Number(boundSeconds) * 1000));
