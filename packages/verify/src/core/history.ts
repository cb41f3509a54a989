/** The part of the change log that its holder has applied, and what it remembers of it. */
import type { ChangeRow, Cursor } from "./types.ts";

/** How many changes a holder remembers; what is older than that must be looked up again. */
export const MEMORY_ROWS = 10_000;

/**
 * How a position relates to what has been applied: `known` (that very row was applied), `ahead`
 * (later than the cursor), `foreign` (of another history, or forgotten).
 */
export type Relation = "known" | "ahead" | "foreign";

/** What has been applied. */
export interface History {
  /** The last row applied; `null` before the first reset. */
  cursor(): Cursor | null;
  /** Counts resets: what was learnt in another generation is worth nothing. */
  generation(): number;
  /** Forgets everything and goes on from `head`. */
  reset(head: Cursor): void;
  /** Applies rows that follow the cursor without a gap. */
  apply(rows: readonly ChangeRow[]): void;
  relate(position: Cursor): Relation;
  /** The rows after `seq`, which must not be older than the memory. */
  since(seq: number): readonly ChangeRow[];
  /** Whether a row after `seq` concerns the token, its user or everything, or may have been forgotten. */
  hasChangedSince(seq: number, tokenId: string, userId: string): boolean;
}

/** Told of each applied row, before anything else can see that it was applied. */
export interface HistoryListener {
  onChange(row: ChangeRow): void;
  onReset(): void;
}

/** @param memoryRows at most that many rows are remembered, beside the cursor's own. */
export function createHistory(listener: HistoryListener, memoryRows = MEMORY_ROWS): History {
  let cursor: Cursor | null = null;
  let generation = 0;
  /** Consecutive rows that end at the cursor, the first `start` of them forgotten. */
  let rows: ChangeRow[] = [];
  let start = 0;
  const lastSeqs = new Map<string, number>();
  let lastSeqOfAll = -1;

  function remember(row: ChangeRow): void {
    rows.push(row);
    const subject = subjectOf(row);
    if (subject === null) lastSeqOfAll = row.seq;
    else lastSeqs.set(subject, row.seq);
  }

  function forgetOldest(): void {
    while (rows.length - start > memoryRows + 1) {
      const row = rows[start];
      start += 1;
      const subject = row === undefined ? null : subjectOf(row);
      if (subject !== null && lastSeqs.get(subject) === row?.seq) lastSeqs.delete(subject);
    }
    if (start > memoryRows) {
      rows = rows.slice(start);
      start = 0;
    }
  }

  function rowAt(seq: number): ChangeRow | undefined {
    const first = rows[start];
    if (first === undefined || seq < first.seq) return undefined;
    return rows[start + seq - first.seq];
  }

  return {
    cursor: () => cursor,
    generation: () => generation,
    reset(head) {
      generation += 1;
      cursor = head;
      rows = [{ seq: head.seq, uid: head.uid, kind: "all", tokenId: null, userId: null }];
      start = 0;
      lastSeqs.clear();
      lastSeqOfAll = -1;
      listener.onReset();
    },
    apply(newRows) {
      for (const row of newRows) {
        if (cursor === null || row.seq !== cursor.seq + 1) throw new Error("a gap in the log");
        cursor = { epoch: cursor.epoch, seq: row.seq, uid: row.uid };
        remember(row);
        listener.onChange(row);
      }
      forgetOldest();
    },
    relate(position) {
      if (cursor === null || position.epoch !== cursor.epoch) return "foreign";
      if (position.seq > cursor.seq) return "ahead";
      return rowAt(position.seq)?.uid === position.uid ? "known" : "foreign";
    },
    since(seq) {
      const first = rows[start];
      return first === undefined ? [] : rows.slice(start + Math.max(0, seq + 1 - first.seq));
    },
    hasChangedSince(seq, tokenId, userId) {
      const first = rows[start];
      if (first === undefined || seq < first.seq || seq < lastSeqOfAll) return true;
      if (seq >= (rows.at(-1)?.seq ?? Infinity)) return false;
      return seq < (lastSeqs.get(`t${tokenId}`) ?? -1) || seq < (lastSeqs.get(`u${userId}`) ?? -1);
    },
  };
}

function subjectOf(row: ChangeRow): string | null {
  if (row.kind === "token") return `t${row.tokenId}`;
  return row.kind === "user" ? `u${row.userId}` : null;
}
