/** A pool of connections as Kysely takes it, that tells broken ones and unanswered commits. */
import {
  DatabaseError,
  Pool,
  TypeOverrides,
  types,
  type ClientBase,
  type PoolClient,
  type PoolConfig,
  type QueryResult,
} from "pg";
import type { PostgresPool, PostgresPoolClient } from "kysely";
import {
  CommitUnconfirmedError,
  DatabaseUnavailableError,
  UniqueViolationError,
} from "../errors.ts";
import { poolUrl } from "./postgres-url.ts";

/** Time limits of a pool's connections; `null` for none. */
export interface PoolLimits {
  readonly connectionsMax: number;
  /**
   * How long to wait for a connection, attempts to reach the server and their checks included. Also how
   * long a single connection may take to be made, and again to be checked.
   */
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number | null;
  /** Also how long a transaction may be idle: one frozen node must not stop the others. */
  readonly lockTimeoutMs: number | null;
}

/** What a pool is made of. */
export interface PoolOptions extends PoolLimits {
  readonly url: string;
  /** Called with each new connection, and with the server that it reached. */
  readonly onConnect?: (client: ClientBase, server: string) => Promise<void>;
}

const APPLICATION_NAME = "conchd";

/** How much longer than the server we wait for the end of a statement. */
const ANSWER_GRACE_MS = 1_000;
const RECONNECT_DELAY_MS_MIN = 20;
const RECONNECT_DELAY_MS_MAX = 500;

/** What the server says beside its answers. */
interface Notice {
  readonly code: string | undefined;
  readonly message: string | undefined;
}

/** What a notice that is no warning has for its code. */
const SUCCESSFUL_COMPLETION = "00000";

/** Times and counts are far below 2^53. */
const parsers = new TypeOverrides();
parsers.setTypeParser(types.builtins.INT8, Number);

/** A pool, and a way to give up the connection that hangs. */
export interface GuardedPool extends PostgresPool {
  /**
   * Closes every connection in use; what waits for their answers is rejected. One that is being made
   * goes on within the time for that: where connecting takes longer than what is aborted may take, no
   * connection would ever come about.
   */
  abort(): void;
}

/**
 * Opens connections as they are needed. Lending one rejects with `DatabaseUnavailableError` where no
 * primary answers within the time.
 */
export function createPool(options: PoolOptions): GuardedPool {
  const pool = new Pool(poolConfig(options));
  // An idle connection that breaks is replaced; without a listener it would end the process.
  pool.on("error", () => {});
  const inUse = new Set<PoolClient>();
  return {
    options: pool.options,
    async connect() {
      const client = await connectWithBackoff(pool, options.connectTimeoutMs);
      inUse.add(client);
      return guard(client, () => inUse.delete(client));
    },
    end: () => pool.end(),
    abort() {
      for (const client of inUse) closeAtOnce(client);
    },
  };
}

function poolConfig(options: PoolOptions): PoolConfig {
  const { statementTimeoutMs, lockTimeoutMs } = options;
  return {
    connectionString: poolUrl(options.url),
    max: options.connectionsMax,
    connectionTimeoutMillis: options.connectTimeoutMs,
    idleTimeoutMillis: 0,
    keepAlive: true,
    // A transaction's last statements and its COMMIT go out together.
    pipeline: true,
    application_name: APPLICATION_NAME,
    types: parsers,
    ...(statementTimeoutMs === null
      ? {}
      : {
          statement_timeout: statementTimeoutMs,
          query_timeout: statementTimeoutMs + ANSWER_GRACE_MS,
        }),
    ...(lockTimeoutMs === null
      ? {}
      : { lock_timeout: lockTimeoutMs, idle_in_transaction_session_timeout: lockTimeoutMs }),
    // The pool waits for the promise, which its types do not know.
    // oxlint-disable-next-line typescript/no-misused-promises
    onConnect: (client): Promise<void> => verifyInTime(client, options),
  };
}

/**
 * SQL that tells one server from another, and from itself before a restart; the same text whatever the
 * session's time zone and style of dates.
 */
export const SERVER_NAME = "extract(epoch from pg_postmaster_start_time())::text";

/**
 * A standby may be behind: it is never read. An acknowledged commit is on disk here, and on the
 * synchronous standbys: where the server's setting promises less, this connection asks for it, and keeps
 * to it when the setting is lowered later. That a commit did not reach its standbys is said by a warning,
 * which a setting must not hold back.
 *
 * A commit whose synchronous standby is gone waits in the server for as long as that lasts, also when
 * nobody waits for its answer any more. Were its connection replaced, so would the next ones be, until
 * the server has none left for anybody: as long as such a commit waits no new connection is used.
 */
const VERIFICATION = `
  select pg_is_in_recovery() as recovering, ${SERVER_NAME} as server,
    set_config('synchronous_commit',
      case when current_setting('synchronous_commit') in ('off', 'local', 'remote_write')
        then 'on' else current_setting('synchronous_commit') end, false) as synchronous_commit,
    exists (
      select from pg_stat_activity
      where datname = current_database() and application_name = '${APPLICATION_NAME}'
        and wait_event = 'SyncRep'
        and clock_timestamp() - state_change > cast($1 as float8) * interval '1 millisecond'
    ) as "hasStuckCommit",
    set_config('client_min_messages', 'warning', false) as client_min_messages`;

interface ServerState {
  readonly recovering: boolean;
  readonly server: string;
  /** One waits for longer than a statement may take; `false` to who has no such limit. */
  readonly hasStuckCommit: boolean;
}

/** Checks a new connection, and closes it where that takes longer than connecting may. */
async function verifyInTime(client: ClientBase, options: PoolOptions): Promise<void> {
  // The pool's own limit ends with the authentication; a server may freeze after it.
  const timer = setTimeout(() => closeAtOnce(client), options.connectTimeoutMs);
  try {
    await verify(client, options);
  } finally {
    clearTimeout(timer);
  }
}

async function verify(client: ClientBase, options: PoolOptions): Promise<void> {
  const { rows } = await client.query<ServerState>(VERIFICATION, [options.statementTimeoutMs]);
  const state = rows[0];
  if (state === undefined || state.recovering) {
    throw new DatabaseUnavailableError("the server is in recovery: a standby, or not yet up");
  }
  if (state.hasStuckCommit) {
    throw new DatabaseUnavailableError(
      "commits wait for a synchronous standby that does not answer",
    );
  }
  const lifted = liftedLimits(options);
  if (lifted.length > 0) await client.query(LIFT_LIMITS, [lifted]);
  await options.onConnect?.(client, state.server);
}

/** By way of the view, as not every version has all of them. */
const LIFT_LIMITS = "select set_config(name, '0', false) from pg_settings where name = any($1)";

/** Settings that must not limit a connection without limits, whatever the role or the database has. */
function liftedLimits({ statementTimeoutMs, lockTimeoutMs }: PoolLimits): string[] {
  return [
    ...(statementTimeoutMs === null ? ["statement_timeout", "transaction_timeout"] : []),
    ...(lockTimeoutMs === null ? ["lock_timeout", "idle_in_transaction_session_timeout"] : []),
  ];
}

async function connectWithBackoff(pool: Pool, timeoutMs: number): Promise<PoolClient> {
  const deadline = performance.now() + timeoutMs;
  let failure: unknown = null;
  for (let delayMs = RECONNECT_DELAY_MS_MIN; ; delayMs *= 2) {
    try {
      return await connectWithin(pool, deadline - performance.now());
    } catch (error) {
      const left = deadline - performance.now();
      if (isRefused(error)) throw translate(error);
      // Why an attempt failed says more than that there was no time for another.
      if (left <= 0) throw translate(failure ?? error);
      failure = error;
      const jitter = 0.5 + Math.random();
      await Bun.sleep(Math.min(left, jitter * Math.min(delayMs, RECONNECT_DELAY_MS_MAX)));
    }
  }
}

/** Waits no longer, whatever the connection waits for: the pool's own limit leaves its check out. */
async function connectWithin(pool: Pool, leftMs: number): Promise<PoolClient> {
  const limit = Promise.withResolvers<never>();
  const giveUp = (): void => limit.reject(new Error("no connection in time"));
  const timer = setTimeout(giveUp, Math.max(0, Math.ceil(leftMs)));
  const connecting = pool.connect();
  try {
    return await Promise.race([connecting, limit.promise]);
  } catch (error) {
    // One that comes too late is for the next who asks.
    connecting.then(
      (client) => client.release(),
      () => {},
    );
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function guard(client: PoolClient, onRelease: () => void): PostgresPoolClient {
  let isBroken = false;
  const onError = (): void => {
    isBroken = true;
  };
  // While it is lent the pool does not listen.
  client.on("error", onError);

  async function query(text: string, parameters: readonly unknown[]): Promise<QueryResult> {
    try {
      return await client.query(text, [...parameters]);
    } catch (error) {
      const translated = translate(error);
      // A connection whose answer did not come may still answer: to the wrong question.
      if (!(error instanceof DatabaseError)) isBroken = true;
      throw translated;
    }
  }

  async function commit(): Promise<QueryResult> {
    let warning: string | null = null;
    const onNotice = ({ code, message }: Notice): void => {
      // By the code, as the severity that the driver gives comes in the server's language.
      if (code !== SUCCESSFUL_COMPLETION) warning = message ?? "";
    };
    client.on("notice", onNotice);
    try {
      const result = await client.query("commit");
      if (warning === null) return result;
    } catch (error) {
      isBroken = true;
      throw new CommitUnconfirmedError("the answer to COMMIT was lost", { cause: error });
    } finally {
      client.off("notice", onNotice);
    }
    isBroken = true;
    throw new CommitUnconfirmedError(`COMMIT came with a warning: ${String(warning)}`);
  }

  async function rollback(): Promise<Pick<QueryResult, "command" | "rowCount" | "rows">> {
    // What led here matters; closing the connection rolls back too.
    if (!isBroken) await query("rollback", []).catch(onError);
    return { command: "ROLLBACK", rowCount: 0, rows: [] };
  }

  return {
    query: ((text: string, parameters: readonly unknown[]) => {
      if (text === "commit") return commit();
      return text === "rollback" ? rollback() : query(text, parameters);
    }) as PostgresPoolClient["query"],
    release(destroy = false) {
      client.off("error", onError);
      onRelease();
      client.release(isBroken || destroy);
    },
  };
}

function closeAtOnce(client: ClientBase): void {
  const { connection } = client as unknown as { connection: { stream: { destroy(): void } } };
  connection.stream.destroy();
}

/**
 * SQLSTATE classes and codes of a server that cannot serve now: connection, resources, operator,
 * system, internal; read-only (a superseded primary), deadlocks and time limits.
 */
const UNAVAILABLE = /^(08|53|57|58|XX)|^(25006|25P03|25P04|40001|40P01|55P03)$/;
/** A wrong credential, a missing database. */
const REFUSED = /^(28|3D)/;
/** A certificate that is not accepted. */
const CERTIFICATE_REFUSED = /^(ERR_TLS_CERT|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|CERT_)/;

/** Not put right by trying again at once. */
function isRefused(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  const codes = error instanceof DatabaseError ? REFUSED : CERTIFICATE_REFUSED;
  return typeof code === "string" && codes.test(code);
}

/** Errors of the driver as the store's. */
export function translate(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DatabaseUnavailableError) return error;
  if (!(error instanceof DatabaseError)) {
    return new DatabaseUnavailableError(`the database does not answer: ${error.message}`, {
      cause: error,
    });
  }
  const code = error.code ?? "";
  if (code === "23505") return new UniqueViolationError(error.table ?? "", { cause: error });
  const text = `the database cannot serve: ${error.message}`;
  if (UNAVAILABLE.test(code) || REFUSED.test(code)) {
    return new DatabaseUnavailableError(text, { cause: error });
  }
  return error;
}
