/**
 * Look-ups on SQLite: those of one turn of the event loop share a read transaction, because taking
 * and giving back its locks costs as much as a look-up.
 */
import type { Database as Connection } from "bun:sqlite";
import { DatabaseUnavailableError } from "../errors.ts";
import {
  lookUpStatement,
  readLookUpRow,
  type Found,
  type LookUp,
  type LookUpRow,
  type LookUpSyntax,
} from "../lookup.ts";
import { translate } from "./sqlite-driver.ts";

/** How SQLite spells a look-up. */
export const LOOK_UP_SYNTAX: LookUpSyntax = {
  // Without statistics it would take the narrower index and then the table.
  indexHint: "indexed by token_lookup",
  // The plus keeps it from preparing anew for each value that it compares with statistics.
  parameter: "+?",
  server: "''",
};

interface Asked {
  readonly hash: Uint8Array;
  readonly resolve: (found: Found) => void;
  readonly reject: (error: unknown) => void;
}

/** @param reader must not be in a transaction when the event loop turns. */
export function createSqliteLookUp(reader: Connection): LookUp {
  const text = lookUpStatement(LOOK_UP_SYNTAX);
  const statement = reader.prepare<LookUpRow, [Uint8Array]>(text);
  const transaction = reader.transaction((batch: readonly Asked[]) => batch.forEach(answer));
  let asked: Asked[] = [];

  function answer({ hash, resolve, reject }: Asked): void {
    try {
      const row = statement.get(hash);
      if (row === null) throw new DatabaseUnavailableError("change_head is empty");
      resolve(readLookUpRow(row));
    } catch (error) {
      reject(translate(error));
    }
  }

  /** The transaction begins after all of them were asked for, so none gets an answer from before. */
  function answerAll(): void {
    const batch = asked;
    asked = [];
    try {
      if (batch.length === 1) batch.forEach(answer);
      else transaction(batch);
    } catch (error) {
      // Of a promise that is settled already this changes nothing.
      for (const { reject } of batch) reject(translate(error));
    }
  }

  return (hash) =>
    new Promise((resolve, reject) => {
      if (asked.push({ hash, resolve, reject }) === 1) setImmediate(answerAll);
    });
}
