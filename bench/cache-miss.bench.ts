// GET /verify where each look-up misses the cache, on both databases, against the limit of the
// runtime.
import { join } from "node:path";
import { startPostgres } from "../packages/server/test/postgres.ts";
import { serveDatabase } from "./lib/conchd.ts";
import { contest, type Contender } from "./lib/contest.ts";
import { createFolder } from "./lib/files.ts";
import { reportRatio } from "./lib/report.ts";
import { seed } from "./lib/seed.ts";
import { startAnnouncing } from "./lib/server.ts";

const STORED = 1_000_000;
const IN_USE = 100_000;

await using folder = await createFolder();

async function startOn(name: string, database: string): Promise<Contender> {
  const tokensFile = join(folder.path, `${name}.tokens`);
  await seed({ url: database, stored: STORED, inUse: IN_USE, tokensFile });
  // A cache of one entry: a token comes back after all others.
  const options = ["--cache-entries", "1"];
  const server = await serveDatabase({ database, folder: folder.path, options });
  return { server, tokensFile, tokens: IN_USE };
}

const postgresServer = await startPostgres({
  durable: true,
  settings: ["shared_buffers=1GB", "max_wal_size=4GB"],
});
const sqlite = await startOn("sqlite", `sqlite:${join(folder.path, "conch.db")}`);
const postgres = await startOn("postgres", postgresServer.url);
await using bareServer = await startAnnouncing([
  process.execPath,
  join(import.meta.dir, "servers/bare.ts"),
]);
const bare = { server: bareServer, tokensFile: sqlite.tokensFile, tokens: IN_USE };

const result = await contest({ sqlite, postgres, bare });
for (const [name, title, atLeast] of [
  ["sqlite", "SQLite", 0.4],
  ["postgres", "PostgreSQL on the same machine", 0.2],
] as const) {
  reportRatio(
    `GET /verify, 1 M tokens stored, each a cache miss, ${title} / bare Bun.serve`,
    result.ratio(name, "bare", "rate"),
    { atLeast },
    `${result.describe(name)}; ${result.describe("bare")}`,
  );
}
await sqlite.server.stop();
await postgres.server.stop();
await postgresServer.stop();
