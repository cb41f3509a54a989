/** As of when nothing was left to revoke: what a wait for a repeated revocation stands on. */
import { expect, test } from "bun:test";
import { ApiError } from "../src/errors.ts";
import { runRevocation } from "../src/services/confirmation.ts";
import { readHead } from "../src/store/change-log.ts";
import type { Database, Outcome } from "../src/store/database.ts";
import { describeEachDialect, POSTGRES } from "./databases.ts";

const OTHERS: Outcome<null> = { value: null, changes: [{ kind: "all" }] };

/** The same database, on which others commit a change right after each transaction. */
function followedByOthers(database: Database): Database {
  return {
    ...database,
    async write(work, settings) {
      const committed = await database.write(work, settings);
      await database.write(async () => OTHERS);
      return committed;
    },
  };
}

describeEachDialect("a revocation that finds nothing left", (dialect) => {
  test("is true as of the head in its own transaction, whatever is committed after", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    const before = await readHead(database.db);
    const { value, revocation } = await runRevocation(followedByOthers(database), async () => ({
      value: "nothing",
      changes: [],
    }));
    expect({ value, revocation }).toEqual({
      value: "nothing",
      revocation: { seq: null, goneAt: before },
    });
    expect((await readHead(database.db)).seq).toBe(before.seq + 1);
  });

  test("tells so of what is gone, and of nothing else", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    const before = await readHead(database.db);
    const fail = async (error: Error): Promise<unknown> => {
      try {
        return await runRevocation(followedByOthers(database), async () => {
          throw error;
        });
      } catch (thrown) {
        return thrown;
      }
    };
    for (const code of ["not_found", "already_deactivated"] as const) {
      const { seq } = await readHead(database.db);
      expect(await fail(new ApiError(code))).toMatchObject({ code, goneAt: { seq } });
    }
    expect((await readHead(database.db)).seq).toBe(before.seq + 2);
    for (const error of [new ApiError("unauthorized"), new Error("a fault")]) {
      expect(await fail(error)).toBe(error);
    }
  });

  test("with changes it is their last row", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    const { revocation } = await runRevocation(followedByOthers(database), async () => ({
      value: null,
      changes: [{ kind: "all" }, { kind: "all" }],
    }));
    expect(revocation).toEqual({ seq: 3, goneAt: undefined });
  });
});

// Only PostgreSQL lets another commit while a transaction looks for what is left.
test("what another revoked while this one looked is before the head that is waited for", async () => {
  await using testDatabase = await POSTGRES.create();
  const [database, other] = [await testDatabase.open(), await testDatabase.open()];
  const before = await readHead(database.db);
  const { revocation } = await runRevocation(database, async (tx) => {
    await tx.selectFrom("user_account").select("id").execute();
    await other.write(async () => OTHERS);
    await tx.selectFrom("token").select("id").execute();
    return { value: null, changes: [] };
  });
  expect(revocation.goneAt?.seq).toBe(before.seq + 1);
});
