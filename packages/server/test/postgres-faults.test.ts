import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Committed, Database, Outcome } from "../src/store/database.ts";
import { createPool } from "../src/store/dialect/postgres-pool.ts";
import { DatabaseUnavailableError, RevocationUnconfirmedError } from "../src/store/errors.ts";
import { createPostgresDialect, type TestDatabase } from "./databases.ts";
import { query, startPostgres, type PostgresServer } from "./postgres.ts";
import { hashOf } from "./rows.ts";

setDefaultTimeout(60_000);

const REVOKE = async (): Promise<Outcome<null>> => ({ value: null, changes: [{ kind: "all" }] });

// The last statements go out together with COMMIT: either may be what fails.
const REFUSALS = ["DatabaseUnavailableError", "RevocationUnconfirmedError"];

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

const dialect = createPostgresDialect(async () => server.url);

/** Lets commits wait for a standby that does not exist, while `work` runs. */
async function withoutStandby(work: () => Promise<void>): Promise<void> {
  const set = async (names: string): Promise<void> => {
    await query(server.url, `alter system set synchronous_standby_names = '${names}'`);
    await query(server.url, "select pg_reload_conf()");
  };
  await set("nowhere");
  try {
    await work();
  } finally {
    await set("");
  }
}

/**
 * Has a commit wait for its standby, and does something to its connection then. The server takes a
 * moment to learn that it has a standby: a commit that gets through before is followed by another.
 */
async function failCommit(
  testDatabase: TestDatabase,
  act: string,
  commit: () => Promise<unknown>,
): Promise<unknown> {
  for (;;) {
    const result = errorOf(commit());
    const isOver = result.then(() => true);
    const actOnce = (): Promise<boolean> =>
      query(
        testDatabase.url,
        `select ${act}(pid) from pg_stat_activity
          where datname = current_database() and wait_event = 'SyncRep'`,
      ).then(() => false);
    let isDone = false;
    do isDone = await Promise.race([isOver, actOnce()]);
    while (!isDone);
    if ((await result) !== "resolved") return result;
  }
}

/** The error that a promise is rejected with. */
async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => "resolved",
    (error: unknown) => error,
  );
}

describe("a commit", () => {
  for (const act of ["pg_cancel_backend", "pg_terminate_backend"]) {
    test(`that does not reach its standby (${act}) is no acknowledged revocation`, async () => {
      await using testDatabase = await dialect.create();
      const database = await testDatabase.open();
      await withoutStandby(async () => {
        const error = await failCommit(testDatabase, act, () => database.write(REVOKE));
        expect(error).toBeInstanceOf(RevocationUnconfirmedError);
      });
      expect((await database.write(REVOKE)).seq).toBeGreaterThan(2);
    });
  }

  test("that changes nothing for verifications fails as any other statement does", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    await withoutStandby(async () => {
      const error = await failCommit(testDatabase, "pg_cancel_backend", () =>
        database.write(async (tx) => {
          await tx.updateTable("configuration").set({ value: "5001" }).execute();
          return { value: null, changes: [] };
        }),
      );
      expect(error).toBeInstanceOf(DatabaseUnavailableError);
    });
  });
});

describe("a frozen node", () => {
  test("stops the revocations of others for no longer than a second", async () => {
    await using testDatabase = await dialect.create();
    const [frozen, other] = [await testDatabase.open(), await testDatabase.open()];
    const thaw = Promise.withResolvers<void>();
    const holding = Promise.withResolvers<void>();
    const stuck = errorOf(
      frozen.write(async (tx) => {
        await tx.updateTable("change_head").set({ uid: "x" }).execute();
        holding.resolve();
        await thaw.promise;
        return REVOKE();
      }),
    );
    await holding.promise;
    // Who waits for the lock is refused, or gets it: the frozen transaction ends on its own.
    const retry = async (): Promise<number | null> => {
      const result = await other.write(REVOKE).catch((error: unknown) => error);
      if (result instanceof DatabaseUnavailableError) return retry();
      return (result as Committed<null>).seq;
    };
    expect(await retry().finally(thaw.resolve)).toBe(2);
    expect(REFUSALS).toContain(((await stuck) as Error).name);
  });
});

describe("connections that are cut", () => {
  const cut = (testDatabase: TestDatabase): Promise<unknown> =>
    query(
      testDatabase.url,
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`,
    );

  async function useAll({ db, lookUp }: Database): Promise<void> {
    await Promise.all([
      ...Array.from({ length: 8 }, () => lookUp(hashOf("x"))),
      ...Array.from({ length: 8 }, () => db.selectFrom("change_log").select("seq").execute()),
    ]);
  }

  test("while idle are made anew, unnoticed", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    await useAll(database);
    await cut(testDatabase);
    // The client learns of it with the next turn of the event loop, as in any idle program.
    await Bun.sleep(50);
    await useAll(database);
  });

  test("fail the transaction that they carry, not the program", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    const error = errorOf(
      database.write(async (tx) => {
        await tx.selectFrom("change_head").select("seq").execute();
        await cut(testDatabase);
        return REVOKE();
      }),
    );
    expect(REFUSALS).toContain(((await error) as Error).name);
    expect((await database.write(REVOKE)).seq).toBe(2);
  });
});

test("without a server, everything says that the database does not answer", async () => {
  const dead = await startPostgres();
  const testDatabase = await createPostgresDialect(async () => dead.url).create();
  const database = await testDatabase.open();
  const lease = database.openLease();
  await dead.stop();
  const errors = await Promise.all([
    errorOf(database.write(REVOKE)),
    errorOf(database.db.selectFrom("change_head").selectAll().execute()),
    errorOf(database.lookUp(hashOf("x"))),
    errorOf(lease.transaction(async () => {}, 500)),
  ]);
  await database.close();
  for (const error of errors) expect(error).toBeInstanceOf(DatabaseUnavailableError);
});

test("a standby is never read", async () => {
  const standby = await startPostgres({ standbyOf: "nobody" });
  const pool = createPool({
    url: standby.url,
    connectionsMax: 1,
    connectTimeoutMs: 200,
    statementTimeoutMs: null,
    lockTimeoutMs: null,
  });
  const error = await errorOf(pool.connect());
  await pool.end();
  await standby.stop();
  expect(String(error)).toBe(
    "DatabaseUnavailableError: the server is in recovery: a standby, or not yet up",
  );
});
