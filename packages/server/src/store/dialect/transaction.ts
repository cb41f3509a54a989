/** Transactions, the same on both databases. */
import { AbortedTransactionError, type Kysely, type Transaction } from "kysely";
import { sendChanges, type Append, type Appending } from "../change-log.ts";
import type { Change, Database } from "../database.ts";
import {
  CommitUnconfirmedError,
  DatabaseUnavailableError,
  RevocationUnconfirmedError,
} from "../errors.ts";
import type { Schema } from "../schema.ts";

/** How a database runs its transactions. */
export interface WriteSettings {
  /** Called after each commit that appended to the log. */
  readonly onCommit: () => void;
  /** The same database without limits on time, for a transaction that takes long. */
  readonly unlimited: Kysely<Schema>;
}

/** `Database.write` on Kysely. */
export function createWrite(
  db: Kysely<Schema>,
  appending: Appending,
  { onCommit, unlimited }: WriteSettings,
): Database["write"] {
  return async (work, { isLong = false } = {}) => {
    let changes: readonly Change[] = [];
    let append: Append | null = null;
    try {
      const value = await (isLong ? unlimited : db)
        .transaction()
        .setIsolationLevel("read committed")
        .execute(async (tx: Transaction<Schema>) => {
          const outcome = await work(tx);
          changes = outcome.changes;
          if (changes.length > 0) append = await sendChanges(tx, changes, appending);
          return outcome.value;
        });
      const seq = await seqOf(append);
      if (seq !== null) onCommit();
      return { value, seq };
    } catch (error) {
      // The database answers COMMIT after a failed statement with no more than "rolled back".
      if (error instanceof AbortedTransactionError) await seqOf(append);
      if (!(error instanceof CommitUnconfirmedError)) throw error;
      const options = { cause: error };
      throw changes.length > 0
        ? new RevocationUnconfirmedError(error.message, options)
        : new DatabaseUnavailableError(error.message, options);
    }
  };
}

async function seqOf(append: Append | null): Promise<number | null> {
  return append === null ? null : append.seq;
}

/** `Database.snapshot` on Kysely. @param unlimited the database without limits on time. */
export function createSnapshot(unlimited: Kysely<Schema>): Database["snapshot"] {
  return (work) =>
    unlimited
      .transaction()
      .setAccessMode("read only")
      .setIsolationLevel("repeatable read")
      .execute(work);
}
