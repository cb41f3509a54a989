import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { sql } from "kysely";
import { LOOK_UP_STATEMENT } from "../src/store/dialect/postgres-look-up.ts";
import { insertToken, releaseExpiredName, revokeTokens } from "../src/store/token.ts";
import { exportDatabase } from "../src/store/transfer.ts";
import { POSTGRES } from "./databases.ts";
import { query } from "./postgres.ts";
import { createTokenRow, createUserRow } from "./rows.ts";

const PAGE = join(import.meta.dir, "../../../docs/operating-postgresql.md");

/** The migration as the operator's page has it. */
async function migrationOfThePage(): Promise<string> {
  const text = await Bun.file(PAGE).text();
  return /```sql\n(begin;.*?)```/s.exec(text)?.[1] ?? "";
}

async function runStatements(url: string, text: string): Promise<void> {
  const [transaction = "", after = ""] = text.split(/(?<=\ncommit;)/);
  await query(url, transaction);
  await query(url, after);
}

/**
 * So many pages to each partition that the index is the cheaper way whatever VACUUM could do: where
 * somebody else's snapshot is older (autovacuum's ANALYZE takes one), no page counts as visible to all,
 * and four pages are then cheaper to read through.
 */
const TOKENS = 2000;

setDefaultTimeout(60_000);

test("partitioning by the hash, as the operator's page says, changes nothing for the program", async () => {
  await using testDatabase = await POSTGRES.create();
  const before = await testDatabase.open();
  const user = createUserRow();
  await before.db.insertInto("user_account").values(user).execute();
  const tokens = Array.from({ length: TOKENS }, () => createTokenRow({ user_id: user.id }));
  await before.db.insertInto("token").values(tokens).execute();
  const exported = await exportDatabase(before, async () => {});
  await before.close();

  await runStatements(testDatabase.url, await migrationOfThePage());
  const { db, lookUp, ...after } = await testDatabase.open();
  expect(await exportDatabase({ db, lookUp, ...after }, async () => {})).toEqual(exported);
  const [token] = tokens;
  if (token === undefined) throw new Error("no token");
  expect((await lookUp(token.hash)).credential?.token.id).toBe(token.id);

  const again = createTokenRow({ user_id: user.id, name: token.name });
  expect(await insertToken(db, again)).toBe(false);
  await revokeTokens(db, [token.id], 1);
  expect(await insertToken(db, again)).toBe(true);
  expect(await insertToken(db, createTokenRow({ user_id: user.id, name: token.name }))).toBe(false);
  await releaseExpiredName(db, user.id, token.name, again.expires_at_ms);
  expect(await insertToken(db, createTokenRow({ user_id: user.id, name: token.name }))).toBe(true);

  const value = `'{"\\\\x${Buffer.from(token.hash).toString("hex")}"}'`;
  const statement = LOOK_UP_STATEMENT.replace("$1", value);
  await sql`vacuum analyze token`.execute(db);
  const { rows } = await sql<Record<string, string>>`explain analyze ${sql.raw(statement)}`.execute(
    db,
  );
  const scans = rows.flatMap(Object.values).filter((line) => / on token_\d /.test(line));
  const executed = scans.filter((line) => !line.includes("never executed"));
  expect(executed).toHaveLength(1);
  expect(executed[0]).toMatch(/Index Only Scan using token_\d_hash/);
});
