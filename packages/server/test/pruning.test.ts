import { expect, test } from "bun:test";
import { sql } from "kysely";
import { prune } from "../src/store/pruning.ts";
import type { TokenRow } from "../src/store/schema.ts";
import { describeEachDialect, POSTGRES } from "./databases.ts";
import { createTokenRow, createUserRow, hashOf } from "./rows.ts";

const DAY_MS = 86_400_000;
/** Behind the clock of every database that the tests run on, which then does not count. */
const NOW_MS = 1_700_000_000_000;
const YEAR_MS = 365 * DAY_MS;
const noPause = async (): Promise<void> => {};

describeEachDialect("prune", (dialect) => {
  test("deletes expired sessions, and tokens that ended more than 30 days ago", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    const user = createUserRow();
    await database.db.insertInto("user_account").values(user).execute();
    const make = (name: string, given: Partial<TokenRow>): TokenRow =>
      createTokenRow({ user_id: user.id, name, ...given });
    const rows = [
      make("live", { expires_at_ms: NOW_MS + 1 }),
      make("live session", { kind: "session", expires_at_ms: NOW_MS + 1 }),
      make("dead session", { kind: "session", expires_at_ms: NOW_MS }),
      make("expired, listed", { expires_at_ms: NOW_MS - 29 * DAY_MS }),
      make("expired", { expires_at_ms: NOW_MS - 31 * DAY_MS }),
      make("revoked, kept", { revoked_at_ms: NOW_MS - 29 * DAY_MS }),
      make("revoked", { revoked_at_ms: NOW_MS - 31 * DAY_MS }),
    ];
    await database.db.insertInto("token").values(rows).execute();
    const pruned = await prune(database, NOW_MS, noPause);
    const left = await database.db.selectFrom("token").select("name").orderBy("name").execute();
    expect(left.map(({ name }) => name)).toEqual([
      "expired, listed",
      "live",
      "live session",
      "revoked, kept",
    ]);
    expect(pruned.tokens).toBe(3);
  });

  test("deletes batch by batch, with a pause between", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    const failures = Array.from({ length: 1_200 }, (_, index) => ({
      id: `${index}`,
      key_hash: hashOf("a"),
      at_ms: index < 1_100 ? 1 : NOW_MS,
    }));
    await database.db.insertInto("login_failure").values(failures).execute();
    let pauses = 0;
    const { loginFailures } = await prune(database, NOW_MS, async () => {
      pauses += 1;
    });
    expect(loginFailures).toBe(1_100);
    expect(pauses).toBe(2);
  });

  test("keeps the newest rows of the change log, however old", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open({ nowMs: () => 1 });
    await sql`
      with recursive numbers(n) as (select 2 union all select n + 1 from numbers where n < 10600)
      insert into change_log (seq, uid, kind, at_ms) select n, 'u' || n, 'all', 1 from numbers
    `.execute(database.db);
    await database.db.updateTable("change_head").set({ seq: 10_600, uid: "u10600" }).execute();
    const { changes } = await prune(database, NOW_MS, noPause);
    expect(changes).toBe(599);
    const { first, last } = await database.db
      .selectFrom("change_log")
      .select(({ fn }) => [fn.min("seq").as("first"), fn.max("seq").as("last")])
      .executeTakeFirstOrThrow();
    expect([first, last]).toEqual([600, 10_600]);
  });
});

test("a node whose clock is years ahead deletes nothing that is not over by the database's", async () => {
  await using testDatabase = await POSTGRES.create();
  const database = await testDatabase.open();
  const user = createUserRow();
  await database.db.insertInto("user_account").values(user).execute();
  const nowMs = Date.now();
  const make = (name: string, given: Partial<TokenRow>): TokenRow =>
    createTokenRow({ user_id: user.id, name, ...given });
  const rows = [
    make("live", { expires_at_ms: nowMs + YEAR_MS }),
    make("live session", { kind: "session", expires_at_ms: nowMs + YEAR_MS }),
    make("revoked, kept", { revoked_at_ms: nowMs }),
    make("dead session", { kind: "session", expires_at_ms: nowMs - DAY_MS }),
  ];
  await database.db.insertInto("token").values(rows).execute();
  const failure = { id: "f", key_hash: hashOf("a"), at_ms: nowMs };
  await database.db.insertInto("login_failure").values(failure).execute();
  const pruned = await prune(database, nowMs + 10 * YEAR_MS, noPause);
  const left = await database.db.selectFrom("token").select("name").orderBy("name").execute();
  expect(left.map(({ name }) => name)).toEqual(["live", "live session", "revoked, kept"]);
  expect(pruned).toMatchObject({ tokens: 1, loginFailures: 0 });
  expect(pruned.clockAheadMs).toBeGreaterThan(9 * YEAR_MS);
});
