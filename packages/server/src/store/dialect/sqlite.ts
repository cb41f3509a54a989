/** SQLite: one file, WAL, every commit synced to disk. */
import type { Database as Connection } from "bun:sqlite";
import { closeSync, openSync, statSync } from "node:fs";
import { Kysely, sql, type ColumnDataType, type QueryResult, type Transaction } from "kysely";
import { createChangeHead } from "../change-log.ts";
import { createBound } from "../configuration.ts";
import type {
  Batch,
  BatchResults,
  Database,
  GrowthListener,
  LeaseConnection,
  OpenContext,
} from "../database.ts";
import { DatabaseUnusableError } from "../errors.ts";
import { migrate, type ColumnTypes } from "../migrations/index.ts";
import type { Schema } from "../schema.ts";
import {
  createSqliteKyselyDialect,
  openConnection,
  type SqliteConnections,
} from "./sqlite-driver.ts";
import { createSqliteLookUps } from "./sqlite-look-up.ts";
import { withTimeLimit } from "./time-limit.ts";
import { createSnapshot, createWrite } from "./transaction.ts";
import { createWalSync } from "./wal-sync.ts";

const COLUMN_TYPES: ColumnTypes = {
  text: "text",
  int64: "integer",
  // Kysely's list of types has no blob; SQLite takes any word.
  bytes: "blob" as ColumnDataType,
  async createLookupIndex(db) {
    await db.schema.createIndex("token_hash").unique().on("token").column("hash").execute();
    // No INCLUDE here: the columns that a look-up reads are columns of an index of their own.
    await db.schema
      .createIndex("token_lookup")
      .on("token")
      .columns([
        "hash",
        "id",
        "user_id",
        "kind",
        "name",
        "rights",
        "created_at_ms",
        "expires_at_ms",
        "revoked_at_ms",
      ])
      .execute();
  },
  // The table is found by another number than the id: without this a look-up searches two trees.
  async createUserLookupIndex(db) {
    await db.schema
      .createIndex("user_lookup")
      .on("user_account")
      .columns([
        "id",
        "email",
        "name",
        "is_admin",
        "deactivated_at_ms",
        "refuse_session_auth",
        "force_password_change",
      ])
      .execute();
  },
};

/** A connection's page cache: enough for the inner pages of the indexes of tens of millions of rows. */
const CACHE_KIB = 16 * 1024;
/** That of the connection which looks up: also for leaves in use that lie beyond what is mapped. */
const WRITER_CACHE_KIB = 64 * 1024;

/** How often commits of other processes are looked for. */
const POLL_INTERVAL_MS = 10;

/** Opens, and makes where there is none (mode 0600), the database in a file. */
export async function openSqlite(file: string, context: OpenContext): Promise<Database> {
  const unusable = Promise.withResolvers<DatabaseUnusableError>();
  const walSync = createWalSync(file, (cause) => {
    const text = `the disk refused what was written to the database ${file}`;
    unusable.resolve(new DatabaseUnusableError(text, { cause }));
  });
  const { reader, writer } = openConnections(file, context.mustExist === true);
  const connections: SqliteConnections = { reader, writer, walSync };
  const db = new Kysely<Schema>({ dialect: createSqliteKyselyDialect(file, connections) });
  const appending = { ...context, announce: null };
  try {
    await migrate(db as Kysely<unknown>, COLUMN_TYPES, context);
    await createChangeHead(db, appending);
    await createBound(db);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  const growth = createGrowthWatch(reader);
  return {
    db,
    capabilities: {
      skipLocked: false,
      usageRowsMax: 100,
      lookUpsMax: Infinity,
      jsonElements: (json) => sql`json_each(${json})`,
      clockMs: null,
    },
    write: createWrite(db, appending, { onCommit: growth.look, unlimited: db }),
    snapshot: createSnapshot(db),
    ...createSqliteLookUps(connections),
    openLease: () => openLease(db, growth, createReplacementCheck(file, unusable.resolve)),
    unusable: unusable.promise,
    async close() {
      growth.stop();
      await db.destroy();
    },
  };
}

interface GrowthWatch {
  /** Tells the listeners if the log has grown since the last look. */
  readonly look: () => void;
  listen(listener: GrowthListener): void;
  stop(): void;
}

/** Watches the log's head, for the commits of this process and of others on the same file. */
function createGrowthWatch(reader: Connection): GrowthWatch {
  const listeners = new Set<GrowthListener>();
  // Changes with each commit of another connection; cheaper to ask for than the head.
  const version = reader.prepare<{ data_version: number }, []>("PRAGMA data_version");
  const head = reader.prepare<{ seq: number }, []>("select seq from change_head");
  let versionSeen = 0;
  let seqSeen = head.get()?.seq ?? 0;
  let timer: Timer | undefined;

  function look(): void {
    const versionNow = version.get()?.data_version ?? 0;
    if (versionNow === versionSeen) return;
    versionSeen = versionNow;
    const seqNow = head.get()?.seq ?? 0;
    if (seqNow === seqSeen) return;
    seqSeen = seqNow;
    for (const listener of listeners) listener(null);
  }

  return {
    look,
    listen(listener) {
      listeners.add(listener);
      timer ??= setInterval(look, POLL_INTERVAL_MS).unref();
    },
    stop: () => clearInterval(timer),
  };
}

/**
 * A lease on SQLite shares the connection that writes: there is one writer in any case, and a
 * transaction on it sees the newest state.
 */
function openLease(
  db: Kysely<Schema>,
  growth: GrowthWatch,
  assertNotReplaced: () => void,
): LeaseConnection {
  const transaction: LeaseConnection["transaction"] = (work, timeLimitMs) =>
    withTimeLimit(
      timeLimitMs,
      (assertInTime) =>
        db.transaction().execute(async (tx) => {
          assertInTime();
          assertNotReplaced();
          const value = await work(tx);
          assertInTime();
          return value;
        }),
      // What cannot go on within the time has not begun, or ends by itself.
      () => {},
    );
  return {
    transaction,
    batch: (compose, timeLimitMs) =>
      transaction((tx) => executeBatch(tx, compose(tx)), timeLimitMs),
    onGrowth: (listener) => growth.listen(listener),
    close: async () => {},
  };
}

async function executeBatch<Queries extends Batch>(
  tx: Transaction<Schema>,
  queries: readonly [...Queries],
): Promise<BatchResults<Queries>> {
  const results: QueryResult<unknown>[] = [];
  for (const query of queries) results.push(await tx.executeQuery(query.compile()));
  return results as unknown as BatchResults<Queries>;
}

/** A process that goes on with a file that was replaced would never learn of a revocation again. */
function createReplacementCheck(
  file: string,
  onReplaced: (error: DatabaseUnusableError) => void,
): () => void {
  const identify = (): string => {
    const { dev, ino } = statSync(file, { throwIfNoEntry: false }) ?? { dev: 0, ino: 0 };
    return `${dev}:${ino}`;
  };
  const opened = identify();
  return () => {
    if (identify() === opened) return;
    const error = new DatabaseUnusableError(
      `the database ${file} was deleted, or replaced by another file`,
    );
    onReplaced(error);
    throw error;
  };
}

/** @throws DatabaseUnusableError where there is no file to be had, or it is no database. */
function openConnections(
  file: string,
  mustExist: boolean,
): Pick<SqliteConnections, "reader" | "writer"> {
  try {
    // SQLite would make it readable for others; the files beside it take its mode.
    closeSync(openSync(file, mustExist ? "r+" : "a", 0o600));
    const writer = openConnection(file);
    const reader = openConnection(file, { readonly: true });
    reader.run(`PRAGMA cache_size = -${CACHE_KIB}`);
    writer.run(`PRAGMA cache_size = -${WRITER_CACHE_KIB}`);
    return { writer, reader };
  } catch (error) {
    const reason = error instanceof Error ? error.message : "unknown fault";
    throw new DatabaseUnusableError(`the database ${file} cannot be opened: ${reason}`, {
      cause: error,
    });
  }
}
