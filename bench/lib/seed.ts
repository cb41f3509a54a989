/** Databases with many tokens: those in use are real ones, the rest only makes the tables large. */
import { Database as SqliteConnection } from "bun:sqlite";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { createToken } from "@conch/contract";
import { Client } from "pg";
import type { Database } from "../../packages/server/src/store/database.ts";
import { openDatabase } from "../../packages/server/src/store/open-database.ts";
import type { NewTokenRow, NewUserRow } from "../../packages/server/src/store/schema.ts";

/** How many users share the tokens. */
const USERS = 10_000;
const ROWS_PER_INSERT = 1_000;
const FILLER_ROWS_PER_INSERT = 100_000;
const CREATED_AT_MS = 1_700_000_000_000;
const EXPIRES_AT_MS = 4_000_000_000_000;

/** The password of all seeded users; their addresses are `user-00000@example.com` and so on. */
export const PASSWORD = "marble-otter-twelve-lantern";

/** The address of the seeded user of that number. */
export function emailOf(index: number): string {
  return `user-${String(index).padStart(5, "0")}@example.com`;
}

export interface SeedOptions {
  /** `sqlite:FILE` or `postgres://…`, empty. */
  readonly url: string;
  /** Rows in `token`. */
  readonly stored: number;
  /** How many of them are tokens that somebody knows. */
  readonly inUse: number;
  /** Gets the tokens in use, one a line; the first belongs to an administrator. */
  readonly tokensFile: string;
}

/** Fills an empty database, past all routes. */
export async function seed(options: SeedOptions): Promise<void> {
  const { url, stored, inUse, tokensFile } = options;
  const database = await openDatabase(url, { createId: randomUUID, nowMs: Date.now });
  try {
    await insertUsers(database);
    const tokens = Array.from({ length: inUse }, () => createToken((count) => randomBytes(count)));
    await insertTokens(database, tokens);
    await writeFile(tokensFile, `${tokens.join("\n")}\n`, { mode: 0o600 });
  } finally {
    await database.close();
  }
  if (url.startsWith("sqlite:")) fillSqlite(url.slice("sqlite:".length), stored - inUse);
  else await fillPostgres(url, stored - inUse);
}

function userIdOf(index: number): string {
  return `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`;
}

async function insertUsers({ db }: Database): Promise<void> {
  const passwordHash = await Bun.password.hash(PASSWORD, {
    algorithm: "argon2id",
    memoryCost: 19_456,
    timeCost: 2,
  });
  const rows = Array.from({ length: USERS }, (_, index): NewUserRow => ({
    id: userIdOf(index),
    email: emailOf(index),
    email_key: emailOf(index),
    name: `User ${index}`,
    is_admin: index === 0 ? 1 : 0,
    created_at_ms: CREATED_AT_MS,
    last_login_at_ms: null,
    deactivated_at_ms: null,
    refuse_session_auth: 0,
    force_password_change: 0,
    password_hash: passwordHash,
    password_expires_at_ms: null,
    password_used_at_ms: null,
  }));
  for (const batch of batchesOf(rows)) await db.insertInto("user_account").values(batch).execute();
}

async function insertTokens({ db }: Database, tokens: readonly string[]): Promise<void> {
  const rows = tokens.map((token, index): NewTokenRow => {
    const name = `token-${String(index).padStart(7, "0")}`;
    return {
      id: randomUUID(),
      user_id: userIdOf(index % USERS),
      kind: "api",
      name,
      held_name: name,
      hash: new Uint8Array(createHash("sha256").update(token).digest()),
      rights: "full",
      created_at_ms: CREATED_AT_MS,
      expires_at_ms: EXPIRES_AT_MS,
      revoked_at_ms: null,
      last_used_at_ms: null,
    };
  });
  for (const batch of batchesOf(rows)) await db.insertInto("token").values(batch).execute();
}

function* batchesOf<T>(rows: readonly T[]): Generator<T[]> {
  for (let start = 0; start < rows.length; start += ROWS_PER_INSERT) {
    yield rows.slice(start, start + ROWS_PER_INSERT);
  }
}

const COLUMNS = "id, user_id, kind, name, held_name, hash, rights, created_at_ms, expires_at_ms";

/**
 * Random hashes: nobody knows tokens that have them, and the index is as deep as with real ones.
 * Indexes are made after the rows, which takes a fraction of the time.
 */
function fillSqlite(file: string, rows: number): void {
  using connection = new SqliteConnection(file);
  for (const pragma of ["synchronous = OFF", "cache_size = -1000000", "foreign_keys = OFF"]) {
    connection.run(`PRAGMA ${pragma}`);
  }
  const indexes = connection
    .query<{ name: string; sql: string }, []>(
      "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'token' AND sql <> ''",
    )
    .all();
  for (const { name } of indexes) connection.run(`DROP INDEX ${name}`);
  for (const { start, end } of rangesOf(rows)) {
    connection.run(`
      WITH RECURSIVE n(i) AS (SELECT ${start} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${end})
      INSERT INTO token (${COLUMNS})
      SELECT 'filler-' || i, '00000000-0000-4000-8000-' || printf('%012d', i % ${USERS}), 'api',
        'filler-' || i, 'filler-' || i, randomblob(32), 'full', ${CREATED_AT_MS}, ${EXPIRES_AT_MS}
      FROM n`);
  }
  for (const { sql } of indexes) connection.run(sql);
  connection.run("ANALYZE");
  // What is not on the disk yet would hold up the server's first checkpoint for 200 ms.
  connection.run("PRAGMA synchronous = FULL");
  connection.run("PRAGMA wal_checkpoint(TRUNCATE)");
}

async function fillPostgres(url: string, rows: number): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    // Foreign keys are triggers; a replica does not run them.
    await client.query("SET session_replication_role = replica");
    await client.query("SET maintenance_work_mem = '1GB'");
    const { rows: indexes } = await client.query<{ indexname: string; indexdef: string }>(
      "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'token' AND indexname <> 'token_pkey'",
    );
    for (const { indexname } of indexes) await client.query(`DROP INDEX ${indexname}`);
    for (const { start, end } of rangesOf(rows)) {
      await client.query(`
        INSERT INTO token (${COLUMNS})
        SELECT 'filler-' || i, '00000000-0000-4000-8000-' || lpad((i % ${USERS})::text, 12, '0'),
          'api', 'filler-' || i, 'filler-' || i, sha256(convert_to(random()::text || i, 'UTF8')),
          'full', ${CREATED_AT_MS}, ${EXPIRES_AT_MS}
        FROM generate_series(${start}, ${end - 1}) AS i`);
    }
    for (const { indexdef } of indexes) await client.query(indexdef);
    await client.query("VACUUM ANALYZE token");
    await client.query("VACUUM ANALYZE user_account");
    await client.query("CHECKPOINT");
  } finally {
    await client.end();
  }
}

function* rangesOf(rows: number): Generator<{ start: number; end: number }> {
  for (let start = 0; start < rows; start += FILLER_ROWS_PER_INSERT) {
    yield { start, end: Math.min(start + FILLER_ROWS_PER_INSERT, rows) };
  }
}
