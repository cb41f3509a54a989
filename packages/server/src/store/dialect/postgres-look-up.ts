/**
 * Look-ups on PostgreSQL, by Bun's own client: it sends ahead without waiting for answers, on few
 * connections, at half the CPU of the others (docs/decisions/0101-postgresql-drivers.md).
 */
import { DatabaseUnavailableError } from "../errors.ts";
import {
  lookUpStatement,
  readLookUpRow,
  type LookUp,
  type LookUpRow,
  type LookUpSyntax,
} from "../lookup.ts";

const CONNECTIONS = 2;
const TIME_LIMIT_MS = 1_000;
const WATCH_INTERVAL_MS = 100;

export interface PostgresLookUp {
  readonly lookUp: LookUp;
  close(): Promise<void>;
}

interface Pending {
  readonly startedAtMs: number;
  readonly reject: (error: Error) => void;
}

/** How PostgreSQL spells a look-up. */
export const LOOK_UP_SYNTAX: LookUpSyntax = {
  indexHint: "",
  parameter: "$1",
  server: "pg_postmaster_start_time()::text",
};
const STATEMENT = lookUpStatement(LOOK_UP_SYNTAX);

/**
 * Opens the connections as they are needed.
 *
 * @param expectedServer the server that the change log is read from; `null` while none is.
 */
export function createPostgresLookUp(
  url: string,
  expectedServer: () => string | null,
): PostgresLookUp {
  let client = openClient(url);
  const pending = new Set<Pending>();

  // An answer that does not come would leave all that were sent after it waiting too.
  const watch = setInterval(() => {
    const oldest = pending.values().next().value;
    if (oldest === undefined || performance.now() - oldest.startedAtMs < TIME_LIMIT_MS) return;
    const hanging = client;
    client = openClient(url);
    const error = new DatabaseUnavailableError("the database does not answer look-ups");
    for (const { reject } of pending) reject(error);
    pending.clear();
    hanging.close({ timeout: 0 }).catch(() => {});
  }, WATCH_INTERVAL_MS);
  watch.unref();

  async function query(hash: Uint8Array): Promise<LookUpRow> {
    try {
      return await ask(client, hash);
    } catch (error) {
      if (!isConnectionLoss(error)) throw error;
      // The connection had died unnoticed while it was idle, or just now: a read can be repeated.
      return ask(client, hash);
    }
  }

  function queryWatched(hash: Uint8Array): Promise<LookUpRow> {
    return new Promise((resolve, reject) => {
      const entry = { startedAtMs: performance.now(), reject };
      pending.add(entry);
      query(hash)
        .then(resolve, (error: unknown) => {
          const message = error instanceof Error ? error.message : "unknown fault";
          reject(new DatabaseUnavailableError(`look-up failed: ${message}`, { cause: error }));
        })
        .finally(() => pending.delete(entry))
        .catch(() => {});
    });
  }

  return {
    async lookUp(hash) {
      const row = await queryWatched(hash);
      const expected = expectedServer();
      if (expected !== null && row.server !== expected) {
        throw new DatabaseUnavailableError("another server answered than the change log is from");
      }
      return readLookUpRow(row);
    },
    async close() {
      clearInterval(watch);
      await client.close({ timeout: 0 });
    },
  };
}

function openClient(url: string): Bun.SQL {
  return new Bun.SQL(url, {
    max: CONNECTIONS,
    idleTimeout: 0,
    connectionTimeout: TIME_LIMIT_MS / 1_000,
    connection: { application_name: "conchd", statement_timeout: `${TIME_LIMIT_MS}` },
  });
}

async function ask(client: Bun.SQL, hash: Uint8Array): Promise<LookUpRow> {
  const rows = (await client.unsafe(STATEMENT, [hash])) as LookUpRow[];
  const row = rows[0];
  if (row === undefined) throw new Error("change_head is empty");
  return row;
}

function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, errno } = error as { code?: unknown; errno?: unknown };
  return /^ERR_POSTGRES_CONNECTION_CLOSED$/.test(String(code)) || /^57P0[12]$/.test(String(errno));
}
