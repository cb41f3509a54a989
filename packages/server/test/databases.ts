/** Real databases for tests: each test runs on all of them. */
import { describe, setDefaultTimeout } from "bun:test";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ChangeLogContext } from "../src/store/change-log.ts";
import type { Database } from "../src/store/database.ts";
import { openDatabase } from "../src/store/open-database.ts";
import { query, startPostgres } from "./postgres.ts";

/** An empty database of one kind, for one test. */
export interface TestDatabase extends AsyncDisposable {
  /** What `openDatabase` takes; opening it again makes another node of the same installation. */
  readonly url: string;
  /** Opens it (with its schema); closed with the test database where the test did not. */
  open(context?: Partial<ChangeLogContext>): Promise<Database>;
}

/** A way to make databases: an empty one at each call, gone when it is disposed of. */
export interface TestDialect {
  readonly name: "sqlite" | "postgres";
  create(): Promise<TestDatabase>;
}

const SYSTEM_CONTEXT: ChangeLogContext = { createId: randomUUID, nowMs: Date.now };

/** Opens databases of one URL and closes what is left of them. */
function createTestDatabase(url: string, drop: () => Promise<void>): TestDatabase {
  const opened = new Set<Database>();
  return {
    url,
    async open(context = {}) {
      const database = await openDatabase(url, { ...SYSTEM_CONTEXT, ...context });
      const close = async (): Promise<void> => {
        if (opened.delete(database)) await database.close();
      };
      opened.add(database);
      return { ...database, close };
    },
    async [Symbol.asyncDispose]() {
      try {
        await Promise.all([...opened].map((database) => database.close()));
      } finally {
        await drop();
      }
    },
  };
}

/** SQLite, for what does not depend on the database. */
export const SQLITE: TestDialect = {
  name: "sqlite",
  async create() {
    const directory = await mkdtemp(join(tmpdir(), "conch-test-"));
    return createTestDatabase(`sqlite:${join(directory, "conch.db")}`, () =>
      rm(directory, { recursive: true }),
    );
  },
};

/** One server for all tests of the process, or for all of the run where a script started one. */
let postgresUrl: Promise<string> | undefined;

async function findPostgres(): Promise<string> {
  const given = process.env["CONCH_TEST_POSTGRES_URL"];
  if (given !== undefined && given !== "") return given;
  return (await startPostgres()).url;
}

/** Makes databases on a server of one's own. */
export function createPostgresDialect(findServer: () => Promise<string>): TestDialect {
  return {
    name: "postgres",
    async create() {
      const url = new URL(await findServer());
      const name = `conch_test_${randomUUID().replaceAll("-", "")}`;
      await query(url.href, `create database ${name}`);
      const database = new URL(url);
      database.pathname = `/${name}`;
      return createTestDatabase(database.href, async () => {
        await query(url.href, `drop database ${name} with (force)`);
      });
    },
  };
}

/** PostgreSQL, for what only it can do. */
export const POSTGRES = createPostgresDialect(() => (postgresUrl ??= findPostgres()));

/** Every kind of database that Conch runs on. */
export const TEST_DIALECTS: readonly TestDialect[] = [SQLITE, POSTGRES];

/** Other work on the machine must not fail a test. */
const TIMEOUT_MS = 60_000;

/** Runs the tests once for each kind of database. */
export function describeEachDialect(name: string, tests: (dialect: TestDialect) => void): void {
  // Holds for the file that calls this.
  setDefaultTimeout(TIMEOUT_MS);
  for (const dialect of TEST_DIALECTS) describe(`${name} [${dialect.name}]`, () => tests(dialect));
}
