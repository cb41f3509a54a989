/**
 * Look-ups on SQLite: those of one turn of the event loop share a read transaction, because taking
 * and giving back its locks costs as much as a look-up.
 */
import type { Database as Connection } from "bun:sqlite";
import { DatabaseUnavailableError } from "../errors.ts";
import { LOOK_UP_COLUMNS, readLookUpRow, type LookUp, type LookUpRow } from "../lookup.ts";
import { createBatchedLookUp, type Asked } from "./look-up-batches.ts";
import { translate } from "./sqlite-driver.ts";

/**
 * Answers exactly one row. Without statistics SQLite would take the narrower index and then the table;
 * the plus keeps it from preparing anew for each value that it compares with statistics.
 */
export const LOOK_UP_STATEMENT = `
  select h.epoch, h.seq, h.uid, ${LOOK_UP_COLUMNS}
  from change_head h
  left join token t indexed by token_lookup on t.hash = +?
  left join user_account u on u.id = t.user_id
  where h.id = 1`;

/** @param reader must not be in a transaction when the event loop turns. */
export function createSqliteLookUp(reader: Connection): LookUp {
  const statement = reader.prepare<LookUpRow, [Uint8Array]>(LOOK_UP_STATEMENT);
  const transaction = reader.transaction((batch: readonly Asked[]) => batch.forEach(answer));

  function answer({ hash, resolve, reject }: Asked): void {
    try {
      const row = statement.get(hash);
      if (row === null) throw new DatabaseUnavailableError("change_head is empty");
      resolve(readLookUpRow(row));
    } catch (error) {
      reject(translate(error));
    }
  }

  return createBatchedLookUp((batch) => {
    try {
      if (batch.length === 1) batch.forEach(answer);
      else transaction(batch);
    } catch (error) {
      // Of a promise that is settled already this changes nothing.
      for (const { reject } of batch) reject(translate(error));
    }
  });
}
