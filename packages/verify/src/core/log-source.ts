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
  /** All rows from the one asked for, in order, to the end of the log. */
  readonly rows: readonly ChangeRow[];
}

/** What a renewal asks for. */
export interface RenewalWish {
  /** The first row to read; `null`: the newest row alone, which is never pruned. */
  readonly fromSeq: number | null;
  readonly wantsMembers: boolean;
}

/** What came of a renewal. */
export interface Renewal {
  /** Whether the member has a row. */
  readonly isMember: boolean;
  readonly slice: LogSlice;
  /** `null` where they were not wanted. */
  readonly members: readonly Member[] | null;
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

/**
 * The log's side of the database, on a connection that nothing else uses. Everything is one READ
 * COMMITTED transaction and resolves after the answer to its COMMIT. It rejects where any statement
 * failed, where the server is in recovery, and after `timeLimitMs`, when the connection is closed:
 * whether it was committed is then not known.
 */
export interface LogSource {
  /** `INSERT` of a member's row, with `beat` and `low` 0. Reads the newest row of the log. */
  register(incarnation: string, timeLimitMs: number): Promise<Committed<LogSlice>>;
  /**
   * `UPDATE member SET beat = beat + 1, applied, low, holders WHERE incarnation`, then the log to its
   * end, then the members. No statement depends on the answer to another: all of them and COMMIT can
   * go in one flight.
   */
  renew(state: MemberState, wish: RenewalWish, timeLimitMs: number): Promise<Committed<Renewal>>;
  /**
   * `DELETE` of a member's row `WHERE incarnation AND beat`. Where it has to wait for the row's lock,
   * it must judge the row as it is then (READ COMMITTED does).
   */
  removeMember(incarnation: string, beat: number, timeLimitMs: number): Promise<void>;
}
