/** Transactions, the same on both databases. */
import type { Kysely, Transaction } from "kysely";
import { appendChanges, type ChangeLogContext } from "../change-log.ts";
import type { Database } from "../database.ts";
import type { Schema } from "../schema.ts";

/** `Database.write` on Kysely. */
export function createWrite(db: Kysely<Schema>, context: ChangeLogContext): Database["write"] {
  return (work) =>
    db.transaction().execute(async (tx: Transaction<Schema>) => {
      const { value, changes } = await work(tx);
      const seq = changes.length === 0 ? null : await appendChanges(tx, changes, context);
      return { value, seq };
    });
}

/** `Database.snapshot` on Kysely. */
export function createSnapshot(db: Kysely<Schema>): Database["snapshot"] {
  return (work) =>
    db
      .transaction()
      .setAccessMode("read only")
      .setIsolationLevel("repeatable read")
      .execute((tx) => work(tx));
}
