import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { Client } from "pg";
import type { Database, Outcome } from "../src/store/database.ts";
import { DatabaseUnavailableError, RevocationUnconfirmedError } from "../src/store/errors.ts";
import { createPostgresDialect, type TestDatabase } from "./databases.ts";
import { startPostgres, type PostgresServer } from "./postgres.ts";
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

/** Runs a statement beside the program under test. */
async function administer(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

/** Lets commits wait for a standby that does not exist, while `work` runs. */
async function withoutStandby(work: () => Promise<void>): Promise<void> {
  const set = async (names: string): Promise<void> => {
    await administer(server.url, `alter system set synchronous_standby_names = '${names}'`);
    await administer(server.url, "select pg_reload_conf()");
  };
  await set("nowhere");
  try {
    await work();
  } finally {
    await set("");
  }
}

/** Waits for a commit that waits for its standby, and does something to its connection. */
async function atCommit(testDatabase: TestDatabase, act: string): Promise<void> {
  for (;;) {
    const rows = await administer(
      testDatabase.url,
      `select ${act}(pid) from pg_stat_activity
        where datname = current_database() and wait_event = 'SyncRep'`,
    );
    if (rows.length > 0) return;
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
        const error = errorOf(database.write(REVOKE));
        await atCommit(testDatabase, act);
        expect(await error).toBeInstanceOf(RevocationUnconfirmedError);
      });
      expect((await database.write(REVOKE)).seq).toBe(3);
    });
  }

  test("that changes nothing for verifications fails as any other statement does", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    await withoutStandby(async () => {
      const error = errorOf(
        database.write(async (tx) => {
          await tx.insertInto("configuration").values({ key: "a", value: "b" }).execute();
          return { value: null, changes: [] };
        }),
      );
      await atCommit(testDatabase, "pg_cancel_backend");
      expect(await error).toBeInstanceOf(DatabaseUnavailableError);
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
    expect(await errorOf(other.write(REVOKE))).toBeInstanceOf(DatabaseUnavailableError);
    const retry = async (): Promise<number | null> =>
      other.write(REVOKE).then(
        ({ seq }) => seq,
        () => retry(),
      );
    expect(await retry()).toBe(2);
    thaw.resolve();
    expect(REFUSALS).toContain(((await stuck) as Error).name);
  });
});

describe("connections that are cut", () => {
  const cut = (testDatabase: TestDatabase): Promise<unknown> =>
    administer(
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
