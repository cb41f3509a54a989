import { expect, test } from "bun:test";
import { sql } from "kysely";
import { LOOK_UP_STATEMENT as POSTGRES_STATEMENT } from "../src/store/dialect/postgres-look-up.ts";
import { LOOK_UP_STATEMENT as SQLITE_STATEMENT } from "../src/store/dialect/sqlite-look-up.ts";
import { describeEachDialect } from "./databases.ts";
import { createTokenRow, createUserRow, hashOf } from "./rows.ts";

describeEachDialect("Database.lookUp", (dialect) => {
  test("answers the credential, its user and the place in the log", async () => {
    await using testDatabase = await dialect.create();
    const { db, lookUp } = await testDatabase.open();
    const user = createUserRow({ is_admin: 1, name: "Zoë", force_password_change: 1 });
    const token = createTokenRow({ user_id: user.id, rights: "verify", revoked_at_ms: 7 });
    await db.insertInto("user_account").values(user).execute();
    await db.insertInto("token").values(token).execute();
    const head = await db
      .selectFrom("change_head")
      .select(["epoch", "seq", "uid"])
      .executeTakeFirstOrThrow();
    expect(await lookUp(token.hash)).toEqual({
      position: head,
      credential: {
        token: {
          id: token.id,
          kind: "api",
          name: token.name,
          rights: "verify",
          createdAtMs: token.created_at_ms,
          expiresAtMs: token.expires_at_ms,
          revokedAtMs: 7,
        },
        user: {
          id: user.id,
          email: user.email,
          name: "Zoë",
          isAdmin: true,
          deactivatedAtMs: null,
          refuseSessionAuth: false,
          forcePasswordChange: true,
        },
      },
    });
  });

  test("answers the place in the log for unknown hashes too", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    const { db, lookUp } = database;
    await database.write(async () => ({ value: null, changes: [{ kind: "all" }] }));
    const newest = await db
      .selectFrom("change_log")
      .select(["seq", "uid"])
      .orderBy("seq", "desc")
      .executeTakeFirstOrThrow();
    const { position, credential } = await lookUp(hashOf("unknown"));
    expect(credential).toBeNull();
    expect(position).toMatchObject(newest);
  });

  test("answers each of those asked for at once with its own", async () => {
    await using testDatabase = await dialect.create();
    const { db, lookUp } = await testDatabase.open();
    const user = createUserRow();
    await db.insertInto("user_account").values(user).execute();
    const tokens = Array.from({ length: 100 }, () => createTokenRow({ user_id: user.id }));
    await db.insertInto("token").values(tokens).execute();
    const unknown = hashOf("unknown");
    const hashes = tokens.flatMap(({ hash }) => [hash, unknown, hash]);
    const found = await Promise.all(hashes.map(lookUp));
    expect(found.map(({ credential }) => credential?.token.id)).toEqual(
      tokens.flatMap(({ id }) => [id, undefined, id]),
    );
  });

  test("reads the token from its index alone", async () => {
    await using testDatabase = await dialect.create();
    const { db } = await testDatabase.open();
    const user = createUserRow();
    await db.insertInto("user_account").values(user).execute();
    const tokens = Array.from({ length: 200 }, () => createTokenRow({ user_id: user.id }));
    await db.insertInto("token").values(tokens).execute();
    const { statement, analyze, explain, plan } = PLANS[dialect.name];
    const readPlan = async (): Promise<string> =>
      JSON.stringify((await sql.raw(`${explain} ${statement}`).execute(db)).rows);
    await sql.raw(analyze).execute(db);
    expect(await readPlan()).toMatch(plan);
  });
});

const PLANS = {
  sqlite: {
    statement: SQLITE_STATEMENT.replace("?", "x'00'"),
    analyze: "analyze",
    explain: "explain query plan",
    plan: /USING COVERING INDEX token_lookup \(hash=.*USING COVERING INDEX user_lookup \(id=/,
  },
  postgres: {
    statement: POSTGRES_STATEMENT.replace("$1", "'{}'"),
    analyze: "vacuum analyze token",
    explain: "explain",
    plan: /Index Only Scan using token_hash on token/,
  },
};
