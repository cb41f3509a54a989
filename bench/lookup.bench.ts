// What a look-up costs where many tokens are stored, over what it costs where few are.
import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Database } from "../packages/server/src/store/database.ts";
import { openDatabase } from "../packages/server/src/store/open-database.ts";
import { startPostgres } from "../packages/server/test/postgres.ts";
import { createFolder, evict } from "./lib/files.ts";
import { FULL, ROUNDS } from "./lib/options.ts";
import { formatNumber, report, reportRatio } from "./lib/report.ts";
import { alternate, median, medianRatio } from "./lib/rounds.ts";
import { seed } from "./lib/seed.ts";

const FEW = 10_000;
const MANY = FULL ? 10_000_000 : 1_000_000;
const WARM_LOOK_UPS = 10_000;
const COLD_LOOK_UPS = 1_000;
/** As many at a time as keep the connection to PostgreSQL busy; on SQLite they run one by one. */
const IN_FLIGHT = 32;

interface Stored {
  readonly database: Database;
  /** SHA-256 of the tokens; the cold ones are looked up once only. */
  readonly warm: readonly Uint8Array[];
  readonly cold: readonly Uint8Array[];
}

async function store(url: string, stored: number, folder: string): Promise<Stored> {
  const tokensFile = join(folder, `tokens-${randomUUID()}`);
  await seed({ url, stored, inUse: FEW, tokensFile });
  const hashes = readFileSync(tokensFile, "utf8")
    .trimEnd()
    .split("\n")
    .map((token) => new Uint8Array(createHash("sha256").update(token).digest()));
  const database = await openDatabase(url, { createId: randomUUID, nowMs: Date.now });
  return { database, warm: hashes.slice(COLD_LOOK_UPS), cold: hashes.slice(0, COLD_LOOK_UPS) };
}

/** Microseconds for each of `count` look-ups. */
async function timeUs({ lookUp }: Database, hashes: readonly Uint8Array[], count: number) {
  let next = 0;
  async function client(): Promise<void> {
    while (next < count) {
      const found = await lookUp(hashes[next++ % hashes.length]!);
      if (found.credential === null) throw new Error("a stored token was not found");
    }
  }
  const startedAtMs = performance.now();
  await Promise.all(Array.from({ length: IN_FLIGHT }, client));
  return ((performance.now() - startedAtMs) * 1_000) / count;
}

async function compare(name: string, few: Stored, many: Stored, files: string): Promise<void> {
  const what = `look-up with ${formatNumber(MANY)} tokens / with ${formatNumber(FEW)}, ${name}`;
  const isEvicted = evict(files);
  const coldUs = await timeUs(many.database, many.cold, COLD_LOOK_UPS);
  const times = await alternate(
    {
      few: () => timeUs(few.database, few.warm, WARM_LOOK_UPS),
      many: () => timeUs(many.database, many.warm, WARM_LOOK_UPS),
    },
    ROUNDS,
  );
  const [fewUs = [], manyUs = []] = [times["few"], times["many"]];
  reportRatio(
    `${what}, warm`,
    medianRatio(manyUs, fewUs),
    { atMost: 3 },
    `${formatNumber(median(manyUs))} µs against ${formatNumber(median(fewUs))} µs`,
  );
  report({
    what: `${what}, cold`,
    target: "reported",
    result: `${formatNumber(coldUs / median(fewUs))} (${formatNumber(coldUs)} µs${isEvicted ? "" : ", files may have been in memory"})`,
    pass: null,
  });
  await few.database.close();
  await many.database.close();
}

await using folder = await createFolder();
const sqliteFile = (name: string): string => join(folder.path, name);
await compare(
  "SQLite",
  await store(`sqlite:${sqliteFile("few.db")}`, FEW, folder.path),
  await store(`sqlite:${sqliteFile("many.db")}`, MANY, folder.path),
  sqliteFile("many.db"),
);

const [fewServer, manyServer] = await Promise.all([startPostgres(), startPostgres()]);
await compare(
  "PostgreSQL",
  await store(fewServer.url, FEW, folder.path),
  await store(manyServer.url, MANY, folder.path),
  await dataDirectoryOf(manyServer.url),
);
await Promise.all([fewServer.stop(), manyServer.stop()]);

async function dataDirectoryOf(url: string): Promise<string> {
  await using client = new Bun.SQL(url);
  const [row] = (await client.unsafe("SHOW data_directory")) as { data_directory: string }[];
  return join(row!.data_directory, "base");
}
