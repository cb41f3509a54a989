import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createToken } from "@conch/contract";
import { randomBytes, randomUUID } from "node:crypto";
import { createRevokeCredential } from "../src/services/credential-revocation.ts";
import { createTokenService } from "../src/services/token.ts";
import type { Caller } from "../src/services/verification.ts";
import { sql } from "kysely";
import type { Committed, Database, Outcome } from "../src/store/database.ts";
import { openDatabase } from "../src/store/open-database.ts";
import { createPostgresLookUps } from "../src/store/dialect/postgres-look-up.ts";
import { createPool, SERVER_NAME } from "../src/store/dialect/postgres-pool.ts";
import { DatabaseUnavailableError, RevocationUnconfirmedError } from "../src/store/errors.ts";
import { updateUser } from "../src/store/user.ts";
import { startAnswerProxy } from "./answer-proxy.ts";
import { createPostgresDialect, type TestDatabase } from "./databases.ts";
import { query, startPostgres, type PostgresServer } from "./postgres.ts";
import { createTokenRow, createUserRow, hashOf } from "./rows.ts";

setDefaultTimeout(60_000);

const CONTEXT = { createId: randomUUID, nowMs: Date.now };
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

/** Does something to the connection of a commit each time that it waits for its standby. */
async function cutOff(
  testDatabase: TestDatabase,
  act: string,
  commit: Promise<unknown>,
): Promise<unknown> {
  const result = errorOf(commit);
  const isOver = result.then(() => true);
  const actOnce = (): Promise<boolean> =>
    query(
      testDatabase.url,
      `select ${act}(pid) from pg_stat_activity
        where datname = current_database() and wait_event = 'SyncRep'`,
    ).then(() => false);
  for (let isDone = false; !isDone;) {
    const acting = actOnce();
    isDone = await Promise.race([isOver, acting]);
    // Its connection must have ended before the database is dropped under it.
    await acting;
  }
  return result;
}

/**
 * The same until it fails: the server takes a moment to learn that it has a standby, and a commit
 * that gets through before is followed by another.
 */
async function failCommit(
  testDatabase: TestDatabase,
  act: string,
  commit: () => Promise<unknown>,
): Promise<unknown> {
  for (;;) {
    const result = await cutOff(testDatabase, act, commit());
    if (result !== "resolved") return result;
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

  test("has its warning where the database's setting holds warnings back", async () => {
    await using testDatabase = await dialect.create();
    const name = new URL(testDatabase.url).pathname.slice(1);
    await query(server.url, `alter database ${name} set client_min_messages = 'error'`);
    const database = await testDatabase.open();
    await withoutStandby(async () => {
      const commit = (): Promise<unknown> => database.write(REVOKE);
      const error = await failCommit(testDatabase, "pg_cancel_backend", commit);
      expect(error).toBeInstanceOf(RevocationUnconfirmedError);
    });
  });

  test("has its warning in whatever language", async () => {
    await using testDatabase = await dialect.create();
    // The server of the tests speaks English alone; the translation is as long as the word.
    const translate = (chunk: Buffer): Buffer =>
      Buffer.from(chunk.toString("latin1").replace("SWARNING\0", "SWARNUNG\0"), "latin1");
    using proxy = await startAnswerProxy(testDatabase.url, () => translate);
    const database = await openDatabase(proxy.url, CONTEXT);
    await withoutStandby(async () => {
      const commit = (): Promise<unknown> => database.write(REVOKE);
      const error = await failCommit(testDatabase, "pg_cancel_backend", commit);
      expect(error).toBeInstanceOf(RevocationUnconfirmedError);
    });
    await database.close();
  });

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

describe("a revocation whose wait for the standby was cancelled", () => {
  const clock = { nowMs: Date.now, monotonicMs: () => performance.now() };
  const token = createToken(randomBytes);

  /** A database with that token, and the services that take it away. */
  async function createInstallation(testDatabase: TestDatabase) {
    const database = await testDatabase.open();
    const admin = createUserRow({ is_admin: 1 });
    const user = createUserRow();
    const row = createTokenRow({ user_id: user.id, name: "t", hash: hashOf(token) });
    const adminRow = createTokenRow({ user_id: admin.id });
    await database.db.insertInto("user_account").values([admin, user]).execute();
    await database.db.insertInto("token").values([row, adminRow]).execute();
    const node = { lease: { renew: async () => true } };
    const unused = {} as never;
    const outside = { random: unused, usage: unused, lifetimes: unused };
    const tokens = createTokenService({ database, clock, ...outside });
    const revokeCredential = createRevokeCredential({ database, node, clock });
    const caller = { user: admin, token: { ...adminRow, kind: "api" }, rights: "full" };
    return { database, user, tokens, revokeCredential, caller: caller as unknown as Caller };
  }
  type Installation = Awaited<ReturnType<typeof createInstallation>>;

  /** The error of the first request, and of the same once more. */
  async function askTwice(
    ask: (installation: Installation) => Promise<unknown>,
    askAgain = ask,
  ): Promise<unknown[]> {
    await using testDatabase = await dialect.create();
    const installation = await createInstallation(testDatabase);
    const errors: unknown[] = [];
    await withoutStandby(async () => {
      const act = "pg_cancel_backend";
      // From then on each commit waits.
      await failCommit(testDatabase, act, () => installation.database.write(REVOKE));
      errors.push(await cutOff(testDatabase, act, ask(installation)));
      errors.push(await cutOff(testDatabase, act, askAgain(installation)));
    });
    return errors.map((error) => (error instanceof Error ? error.name : error));
  }
  const UNCONFIRMED = ["RevocationUnconfirmedError", "RevocationUnconfirmedError"];

  test("of a credential by its value is not acknowledged when it is repeated", async () => {
    const errors = await askTwice(({ revokeCredential }) =>
      revokeCredential({ kind: "api", text: token }),
    );
    expect(errors).toEqual(UNCONFIRMED);
  });

  test("of a token by its name is no 404 when it is repeated", async () => {
    const errors = await askTwice(({ tokens, user }) => tokens.remove(user.id, "t"));
    expect(errors).toEqual(UNCONFIRMED);
  });

  test("of somebody else's token neither, nor once its user is not found any more", async () => {
    const remove = ({ tokens, user, caller }: Installation) =>
      tokens.removeOf(caller, user.id, "t");
    expect(await askTwice(remove)).toEqual(UNCONFIRMED);
    const deactivate = ({ database, user: { id: userId } }: Installation) =>
      database.write(async (tx) => {
        await updateUser(tx, userId, { deactivated_at_ms: 1 });
        return { value: null, changes: [{ kind: "user", userId }] };
      });
    expect(await askTwice(deactivate, remove)).toEqual(UNCONFIRMED);
  });

  test("of an unknown token waits for no commit of its own", async () => {
    await using testDatabase = await dialect.create();
    const { database, revokeCredential } = await createInstallation(testDatabase);
    await withoutStandby(async () => {
      await failCommit(testDatabase, "pg_cancel_backend", () => database.write(REVOKE));
      await revokeCredential({ kind: "api", text: createToken(randomBytes) });
    });
  });
});

test("a connection goes on asking for what it promises when the server's setting is lowered", async () => {
  await using testDatabase = await dialect.create();
  const { db } = await testDatabase.open();
  // One connection, which was made before.
  const observed = await db.connection().execute(async (connection) => {
    const read = async (name: string): Promise<string> => {
      const { rows } = await sql<{ value: string }>`
        select current_setting(${name}) as value`.execute(connection);
      return rows[0]?.value ?? "";
    };
    await read("synchronous_commit");
    await query(server.url, "alter system set synchronous_commit = 'local'");
    await query(server.url, "alter system set work_mem = '5MB'");
    try {
      await query(server.url, "select pg_reload_conf()");
      while ((await read("work_mem")) !== "5MB");
      return await read("synchronous_commit");
    } finally {
      await query(server.url, "alter system reset all");
      await query(server.url, "select pg_reload_conf()");
    }
  });
  expect(observed).toBe("on");
});

test("commits that wait for a missing standby do not use up the server's connections", async () => {
  await using testDatabase = await dialect.create();
  await testDatabase.open();
  const pool = createPool({
    url: testDatabase.url,
    connectionsMax: 2,
    connectTimeoutMs: 300,
    statementTimeoutMs: 100,
    lockTimeoutMs: null,
  });
  const insert = async (): Promise<void> => {
    const client = await pool.connect();
    const text = "insert into login_failure values (gen_random_uuid(), '', 0)";
    await client.query(text, []).finally(() => client.release());
  };
  const write = (): Promise<unknown> => errorOf(insert());
  const countWaiting = async (): Promise<unknown> => {
    const [row] = await query(
      server.url,
      `select count(*)::int as n from pg_stat_activity
        where datname = '${new URL(testDatabase.url).pathname.slice(1)}' and wait_event = 'SyncRep'`,
    );
    return row?.["n"];
  };
  await withoutStandby(async () => {
    while ((await write()) === "resolved");
    for (let repeats = 0; repeats < 3; repeats += 1) {
      expect(String(await write())).toInclude("wait for a synchronous standby");
    }
    expect(await countWaiting()).toBe(1);
  });
  // Usable again by itself.
  while ((await write()) !== "resolved");
  await pool.end();
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

describe("a look-up", () => {
  test("knows the log's server whatever the time zone of its connection", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    const lease = database.openLease();
    await lease.transaction(async () => {}, 5_000);
    const name = new URL(testDatabase.url).pathname.slice(1);
    await query(server.url, `alter database ${name} set timezone = 'Asia/Tokyo'`);
    await query(server.url, `alter database ${name} set datestyle = 'German'`);
    expect((await database.lookUp(hashOf("x"))).credential).toBeNull();
  });

  test("that another server answers is refused, and later ones are asked anew", async () => {
    await using testDatabase = await dialect.create();
    await testDatabase.open();
    const [row] = await query(server.url, `select ${SERVER_NAME} as name`);
    const name = String(row?.["name"]);
    const rename = (chunk: Buffer): Buffer =>
      Buffer.from(chunk.toString("latin1").replaceAll(name, name.replaceAll(/\d/g, "9")), "latin1");
    let isSuperseded = true;
    using proxy = await startAnswerProxy(testDatabase.url, () =>
      isSuperseded ? rename : (chunk) => chunk,
    );
    const lookUps = createPostgresLookUps(proxy.url, () => name);
    const ask = (): Promise<unknown> => errorOf(lookUps.lookUp(hashOf("x")));
    expect(String(await ask())).toInclude("another server answered");
    // The address has moved; the connections stay where they are.
    isSuperseded = false;
    while ((await ask()) !== "resolved") await Bun.sleep(50);
    await lookUps.close();
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

const READY_FOR_QUERY = Buffer.from("Z\0\0\0\x05I", "latin1");

for (const [check, answers] of [
  ["its check", 1],
  ["LISTEN", 2],
] as const) {
  test(`a server that freezes before ${check} holds a new connection no longer than one may take`, async () => {
    let isFreezing = true;
    using proxy = await startAnswerProxy(server.url, () => {
      let left = isFreezing ? answers : Infinity;
      return (chunk) => {
        if (left === 0) return null;
        if (chunk.includes(READY_FOR_QUERY)) left -= 1;
        return chunk;
      };
    });
    const pool = createPool({
      url: proxy.url,
      connectionsMax: 1,
      connectTimeoutMs: 500,
      statementTimeoutMs: null,
      lockTimeoutMs: null,
      onConnect: async (client) => void (await client.query("listen nothing")),
    });
    expect(await errorOf(pool.connect())).toBeInstanceOf(DatabaseUnavailableError);
    isFreezing = false;
    // It must have made room for another.
    let error: unknown;
    do error = await errorOf(pool.connect().then((client) => client.release()));
    while (error !== "resolved");
    await pool.end();
  });
}

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
