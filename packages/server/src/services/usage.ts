import type { Usage } from "../store/usage.ts";
import type { Clock } from "./clock.ts";

/** Collects when credentials were used, to be written in batches: no request waits for it. */
export interface UsageCollector {
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
const FLUSH_ROWS_MAX = 250;

/** @param write stores a batch. */
export function createUsageCollector(
  clock: Clock,
  write: (usage: Usage) => Promise<void>,
): UsageCollector {
  // A token that is used again keeps its place, so the first entries are those that wait longest.
  let pending = new Map<string, number>();
  let underWay: Usage = new Map();
  let writing: Promise<void> = Promise.resolve();

  function takeBatch(rowsMax: number): Usage {
    const batch = new Map<string, number>();
    for (const [tokenId, atMs] of pending) {
      if (batch.size === rowsMax) break;
      batch.set(tokenId, atMs);
      pending.delete(tokenId);
    }
    return batch;
  }

  async function writeBatch(rowsMax: number): Promise<void> {
    if (pending.size === 0) return;
    underWay = takeBatch(rowsMax);
    try {
      await write(underWay);
    } catch (error) {
      pending = new Map([...underWay, ...pending]);
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
    record(tokenId, atMs) {
      const nowMs = clock.nowMs();
      if (atMs === undefined || atMs >= nowMs) pending.set(tokenId, nowMs);
      else pending.set(tokenId, Math.max(atMs, pending.get(tokenId) ?? atMs));
    },
    latestMs(tokenId, storedMs) {
      const known = pending.get(tokenId) ?? underWay.get(tokenId) ?? null;
      return known === null ? storedMs : Math.max(known, storedMs ?? known);
    },
    async flush() {
      await enqueue(FLUSH_ROWS_MAX);
      return pending.size > 0;
    },
    drain: () => enqueue(Infinity),
  };
}
