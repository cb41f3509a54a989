import type { Entry } from "@conch/verify/core/index";
import type { Usage } from "../store/usage.ts";
import type { Clock } from "./clock.ts";

/** A credential and its last use that waits to be written, wall time; 0 where none does. */
type Used = Pick<Entry, "tokenId" | "usedAtMs">;

/** Collects when credentials were used, to be written in batches: no request waits for it. */
export interface UsageCollector {
  /** Marks the cached entry itself as used now: a field is a fraction of what a table costs. */
  note(entry: Used): void;
  /** @param atMs now, where it is not given; later than now counts as now. */
  record(tokenId: string, atMs?: number): void;
  /** The last use that is known here, written or not: `storedMs` is what the database has. */
  latestMs(tokenId: string, storedMs: number | null): number | null;
  /**
   * Writes the oldest of what was collected. A failed write is kept for the next one, and thrown on.
   *
   * @returns whether there is more.
   */
  flush(): Promise<boolean>;
  /** Writes everything. */
  drain(): Promise<void>;
}

/** Few enough that a database inside the process does not hold up requests for long. */
const FLUSH_ROWS_MAX = 100;

/** @param write stores a batch. */
export function createUsageCollector(
  clock: Clock,
  write: (usage: Usage) => Promise<void>,
): UsageCollector {
  // By id; one that is used again keeps its place, so the first are those that wait longest. Whatever
  // is not in here has no use noted on it.
  let pending = new Map<string, Used>();
  // Goes on where it stood: each batch leaves holes at the front that a new one would walk over.
  let oldest = pending.values();
  let underWay: Usage = new Map();
  let writing: Promise<void> = Promise.resolve();

  function add(used: Used): void {
    const other = pending.get(used.tokenId);
    if (other !== undefined) other.usedAtMs = 0;
    pending.set(used.tokenId, used);
  }

  function takeOldest(): Used | undefined {
    const next = oldest.next();
    if (next.done !== true) return next.value;
    // An iterator that has come to its end does not see what is added later.
    oldest = pending.values();
    return oldest.next().value;
  }

  function takeBatch(rowsMax: number): Usage {
    const batch = new Map<string, number>();
    while (batch.size < rowsMax) {
      const used = takeOldest();
      if (used === undefined) break;
      batch.set(used.tokenId, used.usedAtMs);
      pending.delete(used.tokenId);
      used.usedAtMs = 0;
    }
    return batch;
  }

  /** To the front again; a use since then is as good. */
  function takeBack(batch: Usage): void {
    const restored = new Map<string, Used>();
    for (const [tokenId, usedAtMs] of batch) restored.set(tokenId, { tokenId, usedAtMs });
    for (const [tokenId, used] of pending) restored.set(tokenId, used);
    pending = restored;
    oldest = pending.values();
  }

  async function writeBatch(rowsMax: number): Promise<void> {
    if (pending.size === 0) return;
    underWay = takeBatch(rowsMax);
    try {
      await write(underWay);
    } catch (error) {
      takeBack(underWay);
      throw error;
    } finally {
      underWay = new Map();
    }
  }

  /** One at a time, and one after a failed one. */
  function enqueue(rowsMax: number): Promise<void> {
    const attempt = () => writeBatch(rowsMax);
    writing = writing.then(attempt, attempt);
    return writing;
  }

  return {
    note(entry) {
      if (entry.usedAtMs === 0) add(entry);
      entry.usedAtMs = clock.nowMs();
    },
    record(tokenId, atMs = Infinity) {
      const usedAtMs = Math.min(atMs, clock.nowMs());
      const known = pending.get(tokenId);
      if (known === undefined) pending.set(tokenId, { tokenId, usedAtMs });
      else known.usedAtMs = Math.max(known.usedAtMs, usedAtMs);
    },
    latestMs(tokenId, storedMs) {
      const known = pending.get(tokenId)?.usedAtMs ?? underWay.get(tokenId) ?? null;
      return known === null ? storedMs : Math.max(known, storedMs ?? known);
    },
    async flush() {
      await enqueue(FLUSH_ROWS_MAX);
      return pending.size > 0;
    },
    drain: () => enqueue(Infinity),
  };
}
