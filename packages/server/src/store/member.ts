/** The change log as a node's lease reads it: with an update of the node's own row each time. */
import type { Committed, LogSource, MemberState } from "@conch/verify/core/log-source";
import { sql, type Kysely } from "kysely";
import { logQuery, toLogSlice } from "./change-log.ts";
import { holdBound } from "./configuration.ts";
import type { LeaseConnection } from "./database.ts";
import type { Schema } from "./schema.ts";

/**
 * What a node renews its lease by. The write is the point: a superseded primary answers reads for
 * ever, but cannot complete a commit.
 *
 * @param boundMs the bound that the node started with; it registers under no other.
 */
export function createLogSource(lease: LeaseConnection, boundMs: number): LogSource {
  // A warning is an error here: the connection is closed, and nothing gets this far.
  const committed = <T>(value: T): Committed<T> => ({ value, warning: null });
  return {
    async register(incarnation, timeLimitMs) {
      const slice = await lease.transaction(async (tx) => {
        await holdBound(tx, boundMs);
        const newest = toLogSlice(await logQuery(tx, null).execute());
        const applied = newest.rows.at(-1)?.seq ?? 0;
        await tx
          .insertInto("member")
          .values({ incarnation, beat: 0, applied, low: 0, holders: 0 })
          .execute();
        return newest;
      }, timeLimitMs);
      return committed(slice);
    },
    async renew(state, { fromSeq, wantsMembers }, timeLimitMs) {
      const [beat, log, members] = await lease.batch(
        (db) => [
          beatQuery(db, state),
          logQuery(db, fromSeq),
          ...(wantsMembers ? [membersQuery(db)] : []),
        ],
        timeLimitMs,
      );
      return committed({
        isMember: beat.numAffectedRows === 1n,
        slice: toLogSlice(log.rows),
        members: members?.rows ?? null,
      });
    },
    removeMember: (incarnation, beat, timeLimitMs) =>
      lease.transaction(async (tx) => {
        await tx
          .deleteFrom("member")
          .where("incarnation", "=", incarnation)
          .where("beat", "=", beat)
          .execute();
      }, timeLimitMs),
  };
}

function beatQuery(db: Kysely<Schema>, { incarnation, applied, low, holders }: MemberState) {
  return db
    .updateTable("member")
    .set({ beat: sql<number>`beat + 1`, applied, low, holders })
    .where("incarnation", "=", incarnation);
}

function membersQuery(db: Kysely<Schema>) {
  return db.selectFrom("member").select(["incarnation", "beat", "low", "holders"]);
}
