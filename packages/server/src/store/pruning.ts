/** Deletes what nobody will ask for again, in small batches, off the path of requests. */
import { sql, type RawBuilder } from "kysely";
import type { Database } from "./database.ts";

const DAY_MS = 86_400_000;
/**
 * How long an expired or revoked token is kept. Expired ones are listed as long, so that people see why
 * the automation died.
 */
export const TOKEN_KEPT_MS = 30 * DAY_MS;
/** How long, and how many, rows of the log are kept. A reader that comes later starts anew. */
const CHANGE_KEPT_MS = DAY_MS;
const CHANGES_KEPT = 10_000;
/** Failed logins count for ten minutes. */
const LOGIN_FAILURE_KEPT_MS = 3_600_000;
const BATCH = 500;

/** How many rows of each table were deleted, and by which clock. */
export interface Pruned {
  readonly tokens: number;
  readonly changes: number;
  readonly loginFailures: number;
  /** How far this node's wall clock is ahead of the database's; negative where it is behind. */
  readonly clockAheadMs: number;
}

/**
 * Deletes expired sessions, API tokens that expired or were revoked more than 30 days ago, old rows
 * of the change log (never the newest), and failed logins that no longer count. Several nodes may do
 * so at once.
 *
 * What is over is judged by this node's clock or the database's, whichever is behind: nothing brings
 * back what a node whose clock is years ahead has deleted for all.
 *
 * @param clockMs this node's wall clock, in milliseconds since the epoch.
 * @param pause waited for between batches, so that other writers get their turn.
 */
export async function prune(
  database: Database,
  clockMs: number,
  pause: () => Promise<void>,
): Promise<Pruned> {
  const { db } = database;
  const databaseClockMs = await readClockMs(database, clockMs);
  const nowMs = Math.min(clockMs, databaseClockMs);
  const deleteAll = async (deleteBatch: RawBuilder<unknown>): Promise<number> => {
    for (let total = 0; ; await pause()) {
      const { numAffectedRows = 0n } = await deleteBatch.execute(db);
      total += Number(numAffectedRows);
      if (numAffectedRows < BigInt(BATCH)) return total;
    }
  };
  return {
    tokens:
      (await deleteAll(deleteRevokedTokens(nowMs - TOKEN_KEPT_MS))) +
      (await deleteAll(deleteExpiredTokens(nowMs, nowMs - TOKEN_KEPT_MS))),
    changes: await deleteAll(deleteChanges(nowMs - CHANGE_KEPT_MS)),
    loginFailures: await deleteAll(deleteLoginFailures(nowMs - LOGIN_FAILURE_KEPT_MS)),
    clockAheadMs: clockMs - databaseClockMs,
  };
}

/** @param ownMs what this machine's clock says, for a database that has no other. */
async function readClockMs({ db, capabilities }: Database, ownMs: number): Promise<number> {
  if (capabilities.clockMs === null) return ownMs;
  const { rows } = await sql<{ clock_ms: number }>`
    select ${capabilities.clockMs} as clock_ms`.execute(db);
  return rows[0]?.clock_ms ?? ownMs;
}

function deleteRevokedTokens(untilMs: number): RawBuilder<unknown> {
  return sql`
    delete from token where id in (
      select id from token where revoked_at_ms is not null and revoked_at_ms <= ${untilMs}
      limit ${BATCH}
    )`;
}

function deleteExpiredTokens(sessionsUntilMs: number, tokensUntilMs: number): RawBuilder<unknown> {
  return sql`
    delete from token where id in (
      select id from token
      where revoked_at_ms is null and expires_at_ms <= ${sessionsUntilMs}
        and (kind = 'session' or expires_at_ms <= ${tokensUntilMs})
      limit ${BATCH}
    )`;
}

function deleteChanges(untilMs: number): RawBuilder<unknown> {
  return sql`
    delete from change_log where seq in (
      select log.seq from change_log log
      where log.at_ms <= ${untilMs}
        and log.seq < (select seq - ${sql.lit(CHANGES_KEPT)} from change_head where id = 1)
      order by log.seq limit ${BATCH}
    )`;
}

function deleteLoginFailures(untilMs: number): RawBuilder<unknown> {
  return sql`
    delete from login_failure where id in (
      select id from login_failure where at_ms <= ${untilMs} limit ${BATCH}
    )`;
}
