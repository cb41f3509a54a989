/** Transactions, the same on both databases. */
import type { Kysely, RawBuilder, Transaction } from "kysely";
import { appendChanges, type Appending } from "../change-log.ts";
import type { Change, Database } from "../database.ts";
import {
  CommitUnconfirmedError,
  DatabaseUnavailableError,
  RevocationUnconfirmedError,
} from "../errors.ts";
import type { Schema } from "../schema.ts";

/**
 * `Database.write` on Kysely.
 *
 * @param onCommit called after each commit that appended to the log.
 */
export function createWrite(
  db: Kysely<Schema>,
  appending: Appending,
  onCommit: () => void,
): Database["write"] {
  return async (work) => {
    let changes: readonly Change[] = [];
    try {
      const committed = await db
        .transaction()
        .setIsolationLevel("read committed")
        .execute(async (tx: Transaction<Schema>) => {
          const outcome = await work(tx);
          changes = outcome.changes;
          const seq = changes.length === 0 ? null : await appendChanges(tx, changes, appending);
          return { value: outcome.value, seq };
        });
      if (committed.seq !== null) onCommit();
      return committed;
    } catch (error) {
      if (!(error instanceof CommitUnconfirmedError)) throw error;
      const options = { cause: error };
      throw changes.length > 0
        ? new RevocationUnconfirmedError(error.message, options)
        : new DatabaseUnavailableError(error.message, options);
    }
  };
}

/**
 * `Database.snapshot` on Kysely.
 *
 * @param setUp run first, where long transactions need it.
 */
export function createSnapshot(
  db: Kysely<Schema>,
  setUp: RawBuilder<unknown> | null,
): Database["snapshot"] {
  return (work) =>
    db
      .transaction()
      .setAccessMode("read only")
      .setIsolationLevel("repeatable read")
      .execute(async (tx) => {
        await setUp?.execute(tx);
        return work(tx);
      });
}
