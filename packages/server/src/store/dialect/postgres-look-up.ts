/**
 * Look-ups on PostgreSQL: those of one turn of the event loop are one statement, by Bun's own client,
 * which sends ahead without waiting for answers (docs/decisions/0101-postgresql-drivers.md).
 */
import { DatabaseUnavailableError } from "../errors.ts";
import {
  createLookUps,
  LOOK_UP_COLUMNS,
  readCredential,
  type BatchedLookUp,
  type CredentialRow,
  type Found,
  type Hash,
  type LookUps,
  toLookUpFault,
} from "../lookup.ts";
import { SERVER_NAME } from "./postgres-pool.ts";
import { createTurnBatches } from "./turn-batches.ts";

const CONNECTIONS = 2;
const TIME_LIMIT_MS = 1_000;
const WATCH_INTERVAL_MS = 100;
/** Where there are more, the first are sent before the last are there, and answered meanwhile. */
const BATCH_MAX = 32;

/** Look-ups with connections of their own. */
export interface PostgresLookUps extends LookUps {
  close(): Promise<void>;
}

interface Pending {
  readonly startedAtMs: number;
  readonly reject: (error: Error) => void;
}

/** The head of the log, which server answers, and a credential where there is one. */
type LookUpRow = {
  readonly epoch: string;
  readonly seq: number | string;
  readonly uid: string;
  readonly server: string;
} & (CredentialRow | { readonly token_id: null });

/**
 * Answers a row for each hash of an array, in its order. The array comes by way of a `select`, so that
 * its length cannot make a plan of its own look cheaper than the one that is kept; `limit` keeps the
 * planner from anything but looking each hash up in the index.
 */
export const LOOK_UP_STATEMENT = `
  with head as materialized (
    select epoch, seq, uid, ${SERVER_NAME} as server
    from change_head where id = 1
  )
  select head.*, found.*
  from head
  cross join unnest((select $1::text::bytea[])) with ordinality as asked(hash, place)
  left join lateral (
    select ${LOOK_UP_COLUMNS}
    from token t join user_account u on u.id = t.user_id
    where t.hash = asked.hash limit 1
  ) found on true
  order by asked.place`;

/**
 * Opens the connections as they are needed.
 *
 * @param expectedServer the server that the change log is read from; `null` while none is.
 */
export function createPostgresLookUps(
  url: string,
  expectedServer: () => string | null,
): PostgresLookUps {
  let client = openClient(url);
  let openedAtMs = performance.now();
  const pending = new Set<Pending>();

  /** What was asked by the old connections, and is not answered, is asked once more by new ones. */
  function reconnect(): void {
    const old = client;
    client = openClient(url);
    openedAtMs = performance.now();
    old.close({ timeout: 0 }).catch(() => {});
  }

  // An answer that does not come would leave all that were sent after it waiting too.
  const watch = setInterval(() => {
    const oldest = pending.values().next().value;
    if (oldest === undefined || performance.now() - oldest.startedAtMs < TIME_LIMIT_MS) return;
    const error = new DatabaseUnavailableError("the database does not answer look-ups");
    for (const { reject } of pending) reject(error);
    pending.clear();
    reconnect();
  }, WATCH_INTERVAL_MS);
  watch.unref();

  async function query(hashes: string): Promise<LookUpRow[]> {
    try {
      return await ask(client, hashes);
    } catch (error) {
      if (!isConnectionLoss(error)) throw error;
      // The connection had died unnoticed while it was idle, or just now: a read can be repeated.
      return ask(client, hashes);
    }
  }

  function queryWatched(hashes: string): Promise<LookUpRow[]> {
    return new Promise((resolve, reject) => {
      const entry = { startedAtMs: performance.now(), reject };
      pending.add(entry);
      query(hashes)
        .then(resolve, reject)
        .finally(() => pending.delete(entry))
        .catch(() => {});
    });
  }

  /** A row for each. */
  async function read(batch: readonly BatchedLookUp[]): Promise<LookUpRow[]> {
    const rows = await queryWatched(toArrayLiteral(batch));
    if (rows.length !== batch.length) throw new DatabaseUnavailableError("change_head is empty");
    const expected = expectedServer();
    if (expected !== null && rows.some(({ server }) => server !== expected)) {
      // Until the lease follows, it may be the one that is with the wrong server: not at each look-up.
      if (performance.now() - openedAtMs >= TIME_LIMIT_MS) reconnect();
      throw new DatabaseUnavailableError("another server answered than the change log is from");
    }
    return rows;
  }

  async function answer(batch: readonly BatchedLookUp[]): Promise<void> {
    let rows: readonly LookUpRow[];
    try {
      rows = await read(batch);
    } catch (error) {
      const fault = toLookUpFault(error);
      for (const { receive } of batch) receive(fault);
      return;
    }
    for (const [index, row] of rows.entries()) batch[index]?.receive(toFound(row));
  }

  const add = createTurnBatches<BatchedLookUp>((batch) => void answer(batch), BATCH_MAX);
  return {
    ...createLookUps(add),
    async close() {
      clearInterval(watch);
      await client.close({ timeout: 0 });
    },
  };
}

function toFound(row: LookUpRow): Found {
  const position = { epoch: row.epoch, seq: Number(row.seq), uid: row.uid };
  return { position, credential: row.token_id === null ? null : readCredential(row) };
}

function openClient(url: string): Bun.SQL {
  return new Bun.SQL(url, {
    max: CONNECTIONS,
    idleTimeout: 0,
    connectionTimeout: TIME_LIMIT_MS / 1_000,
    connection: { application_name: "conchd", statement_timeout: `${TIME_LIMIT_MS}` },
  });
}

function ask(client: Bun.SQL, hashes: string): Promise<LookUpRow[]> {
  return client.unsafe(LOOK_UP_STATEMENT, [hashes]);
}

/** The hashes as PostgreSQL writes a `bytea[]`. */
function toArrayLiteral(batch: readonly BatchedLookUp[]): string {
  return `{${batch.map(({ hash }) => `"\\\\x${toHex(hash)}"`).join(",")}}`;
}

function toHex({ buffer, byteOffset, byteLength }: Hash): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("hex");
}

function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, errno } = error as { code?: unknown; errno?: unknown };
  return /^ERR_POSTGRES_CONNECTION_CLOSED$/.test(String(code)) || /^57P0[12]$/.test(String(errno));
}
