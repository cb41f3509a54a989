/** PostgreSQL 15 or later. */
import {
  CompiledQuery,
  Kysely,
  PostgresDialect,
  sql,
  type ColumnDataType,
  type DatabaseConnection,
  type PostgresPool,
} from "kysely";
import { createChangeHead, readHint, type Appending } from "../change-log.ts";
import { createBound } from "../configuration.ts";
import type {
  Batch,
  BatchResults,
  Database,
  GrowthListener,
  LeaseConnection,
  OpenContext,
} from "../database.ts";
import { migrate, type ColumnTypes } from "../migrations/index.ts";
import type { Schema } from "../schema.ts";
import { createPostgresLookUps } from "./postgres-look-up.ts";
import { createPool, type PoolLimits } from "./postgres-pool.ts";
import { withTimeLimit } from "./time-limit.ts";
import { createSnapshot, createWrite } from "./transaction.ts";

/** The channel that tells of commits; a wake-up, never the truth. */
const CHANNEL = "conch_change";

const LIMITS: PoolLimits = {
  connectionsMax: 10,
  connectTimeoutMs: 2_000,
  statementTimeoutMs: 5_000,
  lockTimeoutMs: 1_000,
};

const LEASE_LIMITS: PoolLimits = { ...LIMITS, connectionsMax: 1, connectTimeoutMs: 1_000 };

/** Migrations, exports and imports may take long, and wait for those of another node. */
const UNLIMITED: PoolLimits = {
  connectionsMax: 1,
  connectTimeoutMs: 10_000,
  statementTimeoutMs: null,
  lockTimeoutMs: null,
};

const COLUMN_TYPES: ColumnTypes = {
  // By code point, whatever the database's own collation.
  text: sql`text collate "C"`,
  int64: "bigint",
  bytes: "bytea" as ColumnDataType,
  async createLookupIndex(db) {
    await sql`
      create unique index token_hash on token (hash)
      include (id, user_id, kind, name, rights, created_at_ms, expires_at_ms, revoked_at_ms)
    `.execute(db);
    // Room on each page for updates of last_used_at_ms, which then touch no index.
    await sql`alter table token set (fillfactor = 85)`.execute(db);
  },
  // The key finds the row itself, and logins write to users too often for their pages to be all-visible.
  async createUserLookupIndex() {},
};

/** Opens the database at a `postgres://` URL. */
export async function openPostgres(url: string, context: OpenContext): Promise<Database> {
  const appending: Appending = {
    ...context,
    announce: (payload) => sql`pg_notify(${sql.lit(CHANNEL)}, ${payload})`,
  };
  await prepare(url, appending, context);
  const db = openKysely(createPool({ url, ...LIMITS }));
  // Connects when something asks for it.
  const unlimited = openKysely(createPool({ url, ...UNLIMITED }));
  let logServer: string | null = null;
  const leases: LeaseConnection[] = [];
  const lookUps = createPostgresLookUps(url, () => logServer);
  return {
    db,
    capabilities: {
      skipLocked: true,
      usageRowsMax: 1000,
      lookUpsMax: 1000,
      jsonElements: (json) => sql`jsonb_array_elements(cast(${json} as jsonb))`,
      clockMs: sql`cast(floor(extract(epoch from clock_timestamp()) * 1000) as bigint)`,
    },
    write: createWrite(db, appending, { onCommit: () => {}, unlimited }),
    snapshot: createSnapshot(unlimited),
    lookUp: lookUps.lookUp,
    lookUpInBatch: lookUps.lookUpInBatch,
    openLease() {
      const lease = openLease(url, (server) => {
        logServer = server;
      });
      leases.push(lease);
      return lease;
    },
    // Whatever happens to a server, it may come back.
    unusable: new Promise(() => {}),
    async close() {
      const pools = [db.destroy(), unlimited.destroy(), ...leases.map((lease) => lease.close())];
      await Promise.all([lookUps.close(), ...pools]);
    },
  };
}

function openKysely(pool: PostgresPool): Kysely<Schema> {
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
}

function openLease(url: string, onServer: (server: string) => void): LeaseConnection {
  const listeners = new Set<GrowthListener>();
  const pool = createPool({
    url,
    ...LEASE_LIMITS,
    async onConnect(client, server) {
      onServer(server);
      client.on("notification", ({ payload = "" }) => {
        const hint = readHint(payload);
        for (const listener of listeners) listener(hint);
      });
      await client.query(`listen ${CHANNEL}`);
    },
  });
  const db = openKysely(pool);
  return {
    transaction: (work, timeLimitMs) =>
      withTimeLimit(
        timeLimitMs,
        (assertInTime) =>
          db
            .transaction()
            .setIsolationLevel("read committed")
            .execute(async (tx) => {
              assertInTime();
              const value = await work(tx);
              assertInTime();
              return value;
            }),
        () => pool.abort(),
      ),
    batch: (compose, timeLimitMs) =>
      withTimeLimit(
        timeLimitMs,
        (assertInTime) =>
          db.getExecutor().provideConnection(async (connection) => {
            assertInTime();
            return sendBatch(connection, compose(db));
          }),
        () => pool.abort(),
      ),
    onGrowth: (listener) => void listeners.add(listener),
    close: () => db.destroy(),
  };
}

const BEGIN = CompiledQuery.raw("start transaction isolation level read committed");
const COMMIT = CompiledQuery.raw("commit");

/** A transaction in one flight. After a statement that failed, the database takes COMMIT for ROLLBACK. */
async function sendBatch<Queries extends Batch>(
  connection: DatabaseConnection,
  queries: readonly [...Queries],
): Promise<BatchResults<Queries>> {
  const statements = [BEGIN, ...queries.map((query) => query.compile()), COMMIT];
  const answers = statements.map((statement) => connection.executeQuery(statement));
  // The connection is free when all of them were answered, whatever became of the first.
  await Promise.allSettled(answers);
  return (await Promise.all(answers)).slice(1, -1) as BatchResults<Queries>;
}

async function prepare(url: string, appending: Appending, context: OpenContext): Promise<void> {
  const db = openKysely(createPool({ url, ...UNLIMITED }));
  try {
    await migrate(db as Kysely<unknown>, COLUMN_TYPES, context);
    await createChangeHead(db, appending);
    await createBound(db);
  } finally {
    await db.destroy();
  }
}
