/**
 * Kysely's driver for `bun:sqlite`. Statements are synchronous, transactions are not: between two
 * statements of one, others run. So there are two connections, one that writes, one transaction at
 * a time, and one that reads committed state whatever the other is doing.
 */
import { Database as Connection, SQLiteError } from "bun:sqlite";
import {
  SelectQueryNode,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryResult,
  type TransactionSettings,
} from "kysely";
import {
  CommitUnconfirmedError,
  DatabaseUnavailableError,
  UniqueViolationError,
} from "../errors.ts";
import { createMutex } from "./mutex.ts";
import type { WalSync } from "./wal-sync.ts";

const UNCONFIRMED = "the commit could not be made durable";
/** How long a write waits for another process's transaction. */
const LOCK_WAIT_MS_MAX = 5_000;
const LOCK_RETRY_MS = 1;
/** The most that SQLite maps; what lies beyond is read. */
const MAPPED_BYTES_MAX = 0x7fff_0000;

interface Session extends DatabaseConnection {
  /** The connection of the open transaction; `null` outside of one. */
  transaction: Connection | null;
  release: () => void;
}

/** A connection set up as durability and several processes on one file need it. */
export function openConnection(file: string, options: { readonly?: boolean } = {}): Connection {
  const connection = options.readonly
    ? new Connection(file, { readonly: true })
    : new Connection(file, { create: true, readwrite: true });
  connection.run("PRAGMA busy_timeout = 2000");
  // Pages are read without a system call for each.
  connection.run(`PRAGMA mmap_size = ${MAPPED_BYTES_MAX}`);
  if (!options.readonly) {
    connection.run("PRAGMA journal_mode = WAL");
    // The log alone is not synced with each commit: `WalSync` does that, and no acknowledgement before.
    connection.run("PRAGMA synchronous = NORMAL");
    connection.run("PRAGMA foreign_keys = ON");
    // Such a wait blocks the whole process: transactions are tried again instead.
    connection.run("PRAGMA busy_timeout = 0");
  }
  return connection;
}

class ConcurrentSqliteAdapter extends SqliteAdapter {
  // Otherwise Kysely would let reads wait for the end of a transaction.
  override get supportsMultipleConnections(): boolean {
    return true;
  }

  // SQLite's DDL is transactional; BEGIN IMMEDIATE is then the lock that migrations need.
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** The connections of one process to a file. */
export interface SqliteConnections {
  readonly writer: Connection;
  /** Sees what is committed; in no transaction when the event loop turns. */
  readonly reader: Connection;
  readonly walSync: WalSync;
}

/** Kysely's dialect on a file. */
export function createSqliteKyselyDialect(file: string, connections: SqliteConnections): Dialect {
  return {
    createAdapter: () => new ConcurrentSqliteAdapter(),
    createDriver: () => createSqliteDriver(file, connections),
    createIntrospector: (db: Kysely<unknown>) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

function createSqliteDriver(file: string, { writer, reader, walSync }: SqliteConnections): Driver {
  const mutex = createMutex();

  async function executeAlone<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const release = await mutex.acquire();
    let result: QueryResult<R>;
    try {
      result = await retryWhileLocked(() => execute<R>(writer, query));
    } finally {
      release();
    }
    await walSync.sync().catch((cause: unknown) => {
      throw new DatabaseUnavailableError(UNCONFIRMED, { cause });
    });
    return result;
  }

  return {
    async init() {},
    async acquireConnection() {
      const session: Session = {
        transaction: null,
        release: () => {},
        async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
          if (session.transaction !== null) return execute(session.transaction, query);
          return SelectQueryNode.is(query.query) ? execute(reader, query) : executeAlone(query);
        },
        streamQuery() {
          throw new Error("An open iterator would pin the snapshot: read in pages");
        },
      };
      return session;
    },
    async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings) {
      const session = connection as Session;
      if (settings.accessMode === "read only") {
        const snapshot = openConnection(file, { readonly: true });
        snapshot.run("BEGIN");
        session.transaction = snapshot;
        session.release = () => snapshot.close(true);
        return;
      }
      const release = await mutex.acquire();
      try {
        await retryWhileLocked(() => run(writer, "BEGIN IMMEDIATE"));
      } catch (error) {
        release();
        throw error;
      }
      session.transaction = writer;
      session.release = release;
    },
    async commitTransaction(connection: DatabaseConnection) {
      const session = connection as Session;
      if (session.transaction === null) throw new Error("No transaction is open");
      commit(session.transaction);
      const isWriting = session.transaction === writer;
      // The next writer goes on meanwhile: it builds on this commit, and syncs it with its own.
      endTransaction(session);
      if (!isWriting) return;
      await walSync.sync().catch((cause: unknown) => {
        throw new CommitUnconfirmedError(UNCONFIRMED, { cause });
      });
    },
    async rollbackTransaction(connection: DatabaseConnection) {
      const session = connection as Session;
      try {
        // Some faults (a full disk) have rolled back already.
        if (session.transaction?.inTransaction) run(session.transaction, "ROLLBACK");
      } finally {
        endTransaction(session);
      }
    },
    async releaseConnection() {},
    async destroy() {
      await walSync.close();
      // With its statements: one that is left keeps the connection, and the files beside the database.
      reader.close(true);
      writer.close(true);
    },
  };
}

function endTransaction(session: Session): void {
  session.transaction = null;
  session.release();
  session.release = () => {};
}

function execute<R>(connection: Connection, query: CompiledQuery): QueryResult<R> {
  try {
    const statement = connection.query<R, never[]>(query.sql);
    const parameters = query.parameters as never[];
    if (statement.columnNames.length > 0) return { rows: statement.all(...parameters) };
    const { changes } = statement.run(...parameters);
    return { rows: [], numAffectedRows: BigInt(changes) };
  } catch (error) {
    throw translate(error);
  }
}

function run(connection: Connection, text: string): void {
  try {
    connection.run(text);
  } catch (error) {
    throw translate(error);
  }
}

function commit(connection: Connection): void {
  try {
    connection.run("COMMIT");
  } catch (error) {
    // The frames may have reached the disk although syncing them failed.
    if (error instanceof SQLiteError && error.code?.startsWith("SQLITE_IOERR")) {
      throw new CommitUnconfirmedError(UNCONFIRMED, { cause: error });
    }
    throw translate(error);
  }
}

const UNAVAILABLE =
  /^SQLITE_(BUSY|LOCKED|FULL|IOERR|CANTOPEN|READONLY|CORRUPT|NOTADB|NOMEM|PROTOCOL)/;

/** SQLite's errors as the store's. */
export function translate(error: unknown): unknown {
  if (!(error instanceof SQLiteError)) return error;
  const table = /^UNIQUE constraint failed: (\w+)\./.exec(error.message)?.[1];
  if (table !== undefined) return new UniqueViolationError(table, { cause: error });
  if (UNAVAILABLE.test(error.code ?? "")) {
    return new DatabaseUnavailableError(`the database is not usable: ${error.message}`, {
      cause: error,
    });
  }
  return error;
}

async function retryWhileLocked<T>(attempt: () => T): Promise<T> {
  const deadline = performance.now() + LOCK_WAIT_MS_MAX;
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!isLocked(error) || performance.now() >= deadline) throw error;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, LOCK_RETRY_MS * (0.5 + Math.random()));
    });
  }
}

function isLocked(error: unknown): boolean {
  const cause = error instanceof DatabaseUnavailableError ? error.cause : null;
  return cause instanceof SQLiteError && cause.code?.startsWith("SQLITE_BUSY") === true;
}
