/** The node's side of the change feed: rows, and a share of the node's own lease. */
import type { HolderRegistry } from "./holders.ts";
import type { History, Relation } from "./history.ts";
import type { NodeLease } from "./node-lease.ts";
import type { ChangeRow, ChangeSubject, Cursor, Edge, Hint } from "./types.ts";

/** What a verifier asks. */
export interface FeedRequest {
  readonly holder: string;
  readonly poll: number;
  readonly cursor: Cursor | null;
  /** Whether the answer may be held back while there is nothing to tell. */
  readonly hold: boolean;
}

/** What it is answered. */
export interface FeedAnswer {
  readonly poll: number;
  readonly from: Cursor | null;
  readonly head: Cursor;
  readonly reset: boolean;
  readonly rows: readonly ChangeRow[];
  readonly leftMs: number;
  readonly boundMs: number;
}

/** Passes on what was hinted at. It is no answer: nothing of it is recorded, and it may be lost. */
export type Tell = (change: ChangeSubject) => void;

/** Answers polls. */
export interface Feed {
  /**
   * `null`: it cannot be known now (503).
   *
   * @param tell called while the answer is held back, with what the verifier had better forget now.
   */
  answer(request: FeedRequest, tell: Tell): Promise<FeedAnswer | null>;
  /** The holder has ended its lease: nobody needs to wait for it. */
  release(holder: string): void;
  /** Passes on, to those whose answer is held back, what the log will tell soon. */
  hint(hint: Hint): void;
  /** New rows were applied, or the history was reset: answers what was held back. */
  notify(): void;
  /** Answers everything that was held back; for a node that is about to stop. */
  close(): void;
}

/** The share of the bound for which an answer without news is held back. */
export const HOLD = 0.1;

/** So many hints are passed on until rows come; whatever is beyond is left to those. */
const HINTS_MAX = 16;

/** An answer that is held back. */
interface Held {
  readonly release: () => void;
  readonly tell: Tell;
}

/** Makes the feed of a node. */
export function createFeed(
  edge: Edge,
  boundMs: number,
  lease: NodeLease,
  history: History,
  holders: HolderRegistry,
): Feed {
  const held = new Set<Held>();
  /** By the row that is to come. Verifiers that ask in the meantime are told too. */
  const pending = new Map<number, ChangeSubject>();
  let isClosed = false;

  function holdBack(tell: Tell): Promise<void> {
    return new Promise((resolve) => {
      const release = () => {
        timer.cancel();
        held.delete(poll);
        resolve();
      };
      const timer = edge.timers.set(release, boundMs * HOLD);
      const poll = { release, tell };
      held.add(poll);
      for (const change of pending.values()) tell(change);
    });
  }

  function releaseAll(): void {
    for (const { release } of held) release();
  }

  /** Where a cursor is not found, only a read to the end of the log tells a laggard from a stranger. */
  async function locate(cursor: Cursor): Promise<Relation | null> {
    const relation = history.relate(cursor);
    if (relation === "known") return relation;
    return (await lease.renew()) ? history.relate(cursor) : null;
  }

  return {
    async answer({ holder, poll, cursor, hold }, tell) {
      if (cursor !== null) {
        const relation = await locate(cursor);
        if (relation === null) return null;
        if (relation === "known") {
          holders.prove(holder, cursor.seq);
          lease.noteHolders();
          const isUpToDate = history.since(cursor.seq).length === 0;
          if (hold && isUpToDate && lease.isLive() && !isClosed) await holdBack(tell);
        }
      }
      if (!lease.isLive() && !(await lease.ensure())) return null;
      const head = history.cursor();
      const leftMs = lease.leftMs();
      if (head === null || leftMs === 0) return null;
      const reset = cursor === null || history.relate(cursor) !== "known";
      const isRecorded = reset
        ? holders.grantReset(holder, head.seq, leftMs)
        : holders.grant(holder, cursor.seq, leftMs);
      if (!isRecorded) return null;
      const rows = reset ? [] : history.since(cursor.seq);
      return { poll, from: cursor, head, reset, rows, leftMs, boundMs };
    },
    release(holder) {
      holders.release(holder);
      lease.noteHolders();
    },
    hint({ seq, ...change }) {
      if (seq <= (history.cursor()?.seq ?? 0)) return;
      if (pending.has(seq) || pending.size >= HINTS_MAX) return;
      pending.set(seq, change);
      for (const { tell } of held) tell(change);
    },
    notify() {
      pending.clear();
      releaseAll();
    },
    close() {
      isClosed = true;
      releaseAll();
    },
  };
}
