// What 100 k cached tokens cost in memory, over a node that answered as many requests for one token.
import { join } from "node:path";
import { serveDatabase } from "./lib/conchd.ts";
import { createFolder } from "./lib/files.ts";
import { startLoadGenerator } from "./lib/load.ts";
import { ROUNDS } from "./lib/options.ts";
import { formatNumber, report } from "./lib/report.ts";
import { alternate, median } from "./lib/rounds.ts";
import { seed } from "./lib/seed.ts";

const CACHED = 100_000;
const MEGABYTES_MAX = 60;
/** Twice around, so that no entry is missing. */
const REQUESTS = 3 * CACHED;

await using folder = await createFolder();
const tokensFile = join(folder.path, "tokens");
const database = `sqlite:${join(folder.path, "conch.db")}`;
await seed({ url: database, stored: CACHED, inUse: CACHED, tokensFile });
await using generator = await startLoadGenerator();

/** Megabytes that a fresh node holds after the same number of requests for so many tokens. */
async function measure(tokens: number): Promise<number> {
  await using server = await serveDatabase({ database, folder: folder.path });
  for (let done = 0; done < REQUESTS;) {
    const result = await generator.ask({
      port: server.port,
      request: server.request,
      tokensFile,
      tokens,
      connections: 64,
      warmupMs: 0,
      durationMs: 1_000,
    });
    if (result.errors > 0) throw new Error(JSON.stringify(result.failures));
    done += result.completed;
  }
  // What waits to be written is written, and what is garbage is collected.
  await Bun.sleep(10_000);
  return server.memoryBytes() / 1e6;
}

const results = await alternate(
  { empty: () => measure(1), full: () => measure(CACHED) },
  Math.min(3, ROUNDS),
  { isWarmedUp: true },
);
const [empty, full] = [median(results["empty"] ?? []), median(results["full"] ?? [])];
report({
  what: "memory for 100 k cached tokens over an empty node",
  target: `≤ ${MEGABYTES_MAX} MB`,
  result: `${formatNumber(full - empty)} MB (${formatNumber(full)} against ${formatNumber(empty)})`,
  pass: full - empty <= MEGABYTES_MAX,
});
