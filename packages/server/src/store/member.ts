/** The change log as a node's lease reads it: with an update of the node's own row each time. */
import type { LogSource, LogTransaction } from "@conch/verify/core/log-source";
import { sql, type Transaction } from "kysely";
import { readLog } from "./change-log.ts";
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
  return {
    async transaction(work, timeLimitMs) {
      const value = await lease.transaction(
        (tx) => work(createLogTransaction(tx, boundMs)),
        timeLimitMs,
      );
      // A warning is an error here: the connection is closed and this was never reached.
      return { value, warning: null };
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

function createLogTransaction(tx: Transaction<Schema>, boundMs: number): LogTransaction {
  return {
    async beat({ incarnation, applied, low, holders }) {
      const { numUpdatedRows } = await tx
        .updateTable("member")
        .set({ beat: sql<number>`beat + 1`, applied, low, holders })
        .where("incarnation", "=", incarnation)
        .executeTakeFirst();
      return numUpdatedRows === 1n;
    },
    async register(state) {
      await holdBound(tx, boundMs);
      await tx
        .insertInto("member")
        .values({ ...state, beat: 0 })
        .execute();
    },
    read: (fromSeq) => readLog(tx, fromSeq),
    members: () =>
      tx.selectFrom("member").select(["incarnation", "beat", "low", "holders"]).execute(),
  };
}
