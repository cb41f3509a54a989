import { expect, test } from "bun:test";
import type { Database } from "../src/store/database.ts";
import type { TokenRow } from "../src/store/schema.ts";
import { recordUsage } from "../src/store/usage.ts";
import { describeEachDialect } from "./databases.ts";
import { createTokenRow, createUserRow } from "./rows.ts";

const NOW_MS = 2_000_000_000_000;

async function insertTokens(database: Database, count: number): Promise<TokenRow[]> {
  const user = createUserRow();
  await database.db.insertInto("user_account").values(user).execute();
  const tokens = Array.from({ length: count }, () => createTokenRow({ user_id: user.id }));
  await database.db.insertInto("token").values(tokens).execute();
  return tokens;
}

async function lastUsed(database: Database): Promise<Map<string, number | null>> {
  const rows = await database.db.selectFrom("token").select(["id", "last_used_at_ms"]).execute();
  return new Map(rows.map((row) => [row.id, row.last_used_at_ms]));
}

describeEachDialect("recordUsage", (dialect) => {
  test("writes more than one batch, each token its own time", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    const tokens = await insertTokens(database, 1_100);
    const usage = new Map(tokens.map(({ id }, index) => [id, NOW_MS - index]));
    await recordUsage(database, usage, NOW_MS);
    expect(await lastUsed(database)).toEqual(usage);
  });

  test("never goes back in time, nor ahead of the node's clock, nor before the token was made", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    const [token] = await insertTokens(database, 1);
    const id = token?.id ?? "";
    // Another node's clock may be behind that of the maker.
    await recordUsage(database, new Map([[id, 1]]), NOW_MS);
    expect(await lastUsed(database)).toEqual(new Map([[id, token?.created_at_ms ?? null]]));
    await recordUsage(database, new Map([[id, NOW_MS + 5_000]]), NOW_MS);
    expect(await lastUsed(database)).toEqual(new Map([[id, NOW_MS]]));
    await recordUsage(database, new Map([[id, NOW_MS - 1]]), NOW_MS);
    expect(await lastUsed(database)).toEqual(new Map([[id, NOW_MS]]));
  });

  test("does not bring a token back that is gone", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    await recordUsage(database, new Map([["gone", NOW_MS]]), NOW_MS);
    expect(await lastUsed(database)).toEqual(new Map());
  });

  test("several nodes report the same tokens at once", async () => {
    await using testDatabase = await dialect.create();
    const nodes = await Promise.all([1, 2, 3].map(() => testDatabase.open()));
    const [first] = nodes;
    if (first === undefined) throw new Error("no node");
    const tokens = await insertTokens(first, 300);
    const usage = new Map(tokens.map(({ id }) => [id, NOW_MS]));
    const reversed = new Map([...usage].toReversed());
    await Promise.all(
      nodes.map((node, index) => recordUsage(node, index === 1 ? reversed : usage, NOW_MS)),
    );
    expect(await lastUsed(first)).toEqual(usage);
  });
});
