/** What a node needs of the database for its lease and its waits. */
import type { ChangeRow } from "./types.ts";

/** A node's row among the members: what it promises about itself and its holders. */
export interface MemberState {
  /** Fresh at each start, and after each loss of the row. */
  readonly incarnation: string;
  /** The last row of the log that the node has applied. */
  readonly applied: number;
  /** No lease that hangs on this node is behind that row. */
  readonly low: number;
  /** How many verifiers hold a lease from this node. */
  readonly holders: number;
}

/** A member's row as it is read. */
export interface Member {
  readonly incarnation: string;
  /** Counts the row's updates. */
  readonly beat: number;
  readonly low: number;
  readonly holders: number;
}

/** The end of the log, read in one statement with a snapshot of its own. */
export interface LogSlice {
  readonly epoch: string;
  /** All rows with `seq >= fromSeq`, in order, to the end of the log. */
  readonly rows: readonly ChangeRow[];
}

/** Statements of one READ COMMITTED transaction. */
export interface LogTransaction {
  /**
   * `UPDATE member SET beat = beat + 1, applied, low, holders WHERE incarnation`.
   *
   * @returns whether there is such a row.
   */
  beat(state: MemberState): Promise<boolean>;
  /** `INSERT` of the row, with `beat` 0. */
  register(state: MemberState): Promise<void>;
  /**
   * The epoch and the rows from `fromSeq` to the end; `null`: the newest row alone. The newest row is
   * never pruned.
   */
  read(fromSeq: number | null): Promise<LogSlice>;
  members(): Promise<readonly Member[]>;
}

/** What came of a COMMIT. */
export interface Committed<T> {
  readonly value: T;
  /**
   * A warning that came with it (PostgreSQL: the wait for the standby was cancelled, and the commit is
   * known to this server alone); `null` where there was none.
   */
  readonly warning: string | null;
}

/** The log's side of the database, on a connection that nothing else uses. */
export interface LogSource {
  /**
   * Runs `work` in one transaction and resolves after the answer to its COMMIT. Rejects where any
   * statement failed, where the server is in recovery, and after `timeLimitMs`, when the connection is
   * closed: whether it was committed is then not known.
   */
  transaction<T>(
    work: (transaction: LogTransaction) => Promise<T>,
    timeLimitMs: number,
  ): Promise<Committed<T>>;
  /**
   * `DELETE` of a member's row `WHERE incarnation AND beat`. Where it has to wait for the row's lock,
   * it must judge the row as it is then (READ COMMITTED does).
   */
  removeMember(incarnation: string, beat: number, timeLimitMs: number): Promise<void>;
}
