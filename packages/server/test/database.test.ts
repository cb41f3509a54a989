import { expect, test } from "bun:test";
import { sql } from "kysely";
import { UniqueViolationError } from "../src/store/errors.ts";
import { createTokenRow, createUserRow } from "./rows.ts";
import { describeEachDialect } from "./databases.ts";

describeEachDialect("Database", (dialect) => {
  test("keeps what was written when it is opened again", async () => {
    await using testDatabase = await dialect.create();
    const first = await testDatabase.open();
    const user = createUserRow();
    await first.db.insertInto("user_account").values(user).execute();
    await first.close();
    const second = await testDatabase.open();
    const rows = await second.db.selectFrom("user_account").selectAll().execute();
    expect(rows).toEqual([user]);
  });

  test("appends a transaction's changes to the log, numbered without gaps", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    const { value, seq } = await database.write(async () => ({
      value: "done",
      changes: [
        { kind: "user", userId: "u" },
        { kind: "token", tokenId: "t", userId: "u" },
      ],
    }));
    expect(value).toBe("done");
    const log = await database.db
      .selectFrom("change_log")
      .select(["seq", "kind", "token_id", "user_id"])
      .orderBy("seq")
      .execute();
    expect(log).toEqual([
      { seq: 1, kind: "all", token_id: null, user_id: null },
      { seq: 2, kind: "user", token_id: null, user_id: "u" },
      { seq: 3, kind: "token", token_id: "t", user_id: "u" },
    ]);
    expect(seq).toBe(3);
  });

  test("rolls back all of a transaction that throws, and gives its number back", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    const failed = database.write(async (tx) => {
      await tx.insertInto("user_account").values(createUserRow()).execute();
      throw new Error("no");
    });
    expect(await failed.catch(String)).toBe("Error: no");
    const { seq } = await database.write(async () => ({ value: 0, changes: [{ kind: "all" }] }));
    expect(seq).toBe(2);
    expect(await database.db.selectFrom("user_account").selectAll().execute()).toEqual([]);
  });

  test("reads beside an open transaction see nothing of it", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    const seen = await database.write(async (tx) => {
      await tx.insertInto("user_account").values(createUserRow()).execute();
      const value = await database.db.selectFrom("user_account").select("id").execute();
      return { value, changes: [] };
    });
    expect(seen).toEqual({ value: [], seq: null });
  });

  test("a snapshot goes on seeing the state that it began with", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    const counts = await database.snapshot(async (tx) => {
      const before = await tx.selectFrom("user_account").select("id").execute();
      await database.db.insertInto("user_account").values(createUserRow()).execute();
      const after = await tx.selectFrom("user_account").select("id").execute();
      return [before.length, after.length];
    });
    expect(counts).toEqual([0, 0]);
  });

  test("an e-mail address is held by one active user", async () => {
    await using testDatabase = await dialect.create();
    const { db } = await testDatabase.open();
    const gone = createUserRow({ email_key: "a@b.c", deactivated_at_ms: 1 });
    await db.insertInto("user_account").values(gone).execute();
    const active = createUserRow({ email_key: "a@b.c" });
    await db.insertInto("user_account").values(active).execute();
    const second = db
      .insertInto("user_account")
      .values(createUserRow({ email_key: "a@b.c" }))
      .execute();
    const error = await second.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UniqueViolationError);
    expect(error).toHaveProperty("table", "user_account");
  });

  test("several nodes may open a new database at once", async () => {
    await using testDatabase = await dialect.create();
    const nodes = await Promise.all(Array.from({ length: 4 }, () => testDatabase.open()));
    const epochs = await Promise.all(
      nodes.map((node) => node.db.selectFrom("change_head").selectAll().executeTakeFirstOrThrow()),
    );
    expect(new Set(epochs.map((head) => head.epoch)).size).toBe(1);
    expect(epochs[0]?.seq).toBe(1);
  });

  test("brings a schema from before up to date, with what is in it", async () => {
    await using testDatabase = await dialect.create();
    const before = await testDatabase.open();
    const user = createUserRow();
    const token = createTokenRow({ user_id: user.id });
    await before.db.insertInto("user_account").values(user).execute();
    await before.db.insertInto("token").values(token).execute();
    await sql`drop index if exists user_lookup`.execute(before.db);
    await before.db
      .withTables<{ kysely_migration: { name: string } }>()
      .deleteFrom("kysely_migration")
      .where("name", ">", "0001-initial")
      .execute();
    await before.close();
    const nodes = await Promise.all(Array.from({ length: 4 }, () => testDatabase.open()));
    for (const { lookUp } of nodes) {
      expect((await lookUp(token.hash)).credential?.token.id).toBe(token.id);
    }
  });

  test("refuses a schema that is newer than the program", async () => {
    await using testDatabase = await dialect.create();
    const { db } = await testDatabase.open();
    await db
      .withTables<{ kysely_migration: { name: string; timestamp: string } }>()
      .insertInto("kysely_migration")
      .values({ name: "9999-later", timestamp: "2999-01-01T00:00:00.000Z" })
      .execute();
    expect(await testDatabase.open().catch(String)).toContain("newer schema (9999-later)");
  });
});
