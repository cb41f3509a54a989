/**
 * Look-ups on SQLite: those of one turn of the event loop share a read transaction, because taking
 * and giving back its locks costs as much as a look-up (docs/decisions/0304-a-miss-on-sqlite.md).
 */
import type { Database as Connection } from "bun:sqlite";
import type { LogPosition } from "@conch/contract";
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
import { translate, type SqliteConnections } from "./sqlite-driver.ts";
import { createTurnBatches } from "./turn-batches.ts";

/** Read once for all look-ups of a transaction, which sees one state of the database. */
const HEAD_STATEMENT = "select epoch, seq, uid from change_head where id = 1";

/**
 * Without statistics SQLite would take the narrower index and then the table; the plus keeps it from
 * preparing anew for each value that it compares with statistics.
 */
export const LOOK_UP_STATEMENT = `
  select ${LOOK_UP_COLUMNS}
  from token t indexed by token_lookup
  join user_account u indexed by user_lookup on u.id = t.user_id
  where t.hash = +?`;

/**
 * They go by the connection that writes, unless it is in a transaction: each commit makes all other
 * connections forget what they have of the file, the mapped pages too.
 */
export function createSqliteLookUps({
  writer,
  reader,
}: Pick<SqliteConnections, "writer" | "reader">): LookUps {
  const beginOnWriter = createBegin(writer);
  const beginOnReader = createBegin(reader);

  function begin(): Snapshot {
    try {
      if (!writer.inTransaction) return beginOnWriter();
    } catch {
      // The reader waits where another process holds the file, which the writer never does.
    }
    try {
      return beginOnReader();
    } catch (error) {
      return createFailure(error);
    }
  }

  const add = createTurnBatches<BatchedLookUp>((batch) => {
    const { lookUp, end } = begin();
    try {
      for (const { hash, receive } of batch) receive(lookUp(hash));
    } finally {
      end();
    }
  });
  return createLookUps(add);
}

/** A read transaction; it must end before the event loop turns. */
interface Snapshot {
  readonly lookUp: (hash: Hash) => Found | DatabaseUnavailableError;
  readonly end: () => void;
}

function createBegin(connection: Connection): () => Snapshot {
  const beginStatement = connection.prepare("BEGIN");
  const endStatement = connection.prepare("ROLLBACK");
  const head = connection.prepare<LogPosition, []>(HEAD_STATEMENT);
  const credential = connection.prepare<CredentialRow, [Hash]>(LOOK_UP_STATEMENT);

  function end(): void {
    // Some faults have ended it already.
    if (connection.inTransaction) endStatement.run();
  }

  return () => {
    beginStatement.run();
    try {
      const position = head.get();
      if (position === null) throw new DatabaseUnavailableError("change_head is empty");
      const lookUp: Snapshot["lookUp"] = (hash) => {
        try {
          const row = credential.get(hash);
          return { position, credential: row === null ? null : readCredential(row) };
        } catch (error) {
          return toLookUpFault(translate(error));
        }
      };
      return { lookUp, end };
    } catch (error) {
      end();
      throw error;
    }
  };
}

function createFailure(error: unknown): Snapshot {
  const fault = toLookUpFault(translate(error));
  return { lookUp: () => fault, end() {} };
}
