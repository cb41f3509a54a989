// How often one busy token's last use is written: at most once a flush interval.
import { Database as SqliteConnection } from "bun:sqlite";
import { join } from "node:path";
import { serveDatabase } from "./lib/conchd.ts";
import { createFolder } from "./lib/files.ts";
import { startLoadGenerator } from "./lib/load.ts";
import { formatNumber, report } from "./lib/report.ts";
import { seed } from "./lib/seed.ts";

const VERIFICATIONS = 1_000_000;
/** As `conchd` has it. */
const FLUSH_INTERVAL_MS = 2_000;
const LOOK_INTERVAL_MS = 50;

await using folder = await createFolder();
const file = join(folder.path, "conch.db");
const tokensFile = join(folder.path, "tokens");
await seed({ url: `sqlite:${file}`, stored: 1_000, inUse: 1, tokensFile });
await using server = await serveDatabase({ database: `sqlite:${file}`, folder: folder.path });
await using generator = await startLoadGenerator();

using connection = new SqliteConnection(file, { readonly: true });
const lastUsed = connection.query<{ at: number | null }, []>(
  "SELECT max(last_used_at_ms) AS at FROM token",
);
const seen = new Set<number>();
const look = setInterval(() => {
  const at = lastUsed.get()?.at ?? null;
  if (at !== null) seen.add(at);
}, LOOK_INTERVAL_MS);

const startedAtMs = performance.now();
let done = 0;
while (done < VERIFICATIONS) {
  const result = await generator.ask({
    port: server.port,
    request: server.request,
    tokensFile,
    tokens: 1,
    connections: 64,
    warmupMs: 0,
    durationMs: 2_000,
  });
  if (result.errors > 0) throw new Error(JSON.stringify(result.failures));
  done += result.completed;
}
const elapsedMs = performance.now() - startedAtMs;
clearInterval(look);

const writesMax = Math.ceil(elapsedMs / FLUSH_INTERVAL_MS);
report({
  what: "writes caused by 1 M verifications of one token",
  target: `≤ ${writesMax}, one a flush interval`,
  result: `${seen.size} (${formatNumber(done)} verifications in ${formatNumber(elapsedMs / 1_000)} s)`,
  pass: seen.size <= writesMax,
});
