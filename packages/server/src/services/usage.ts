import type { Entry, EntryCache } from "@conch/verify/core/index";
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
   * @returns whether there is more of what had been collected before: a token that is used without
   *   pause is written once in a turn.
   */
  flush(): Promise<boolean>;
  /** Writes everything. */
  drain(): Promise<void>;
}

/** What a collector is made of. */
export interface UsageCollectorOptions {
  readonly clock: Pick<Clock, "nowMs">;
  /** Where uses are noted: a table of its own for all of them would take a third more memory. */
  readonly cache: Pick<EntryCache, "ofToken" | "onUsedGone">;
  /** At most so many are written by a `flush`. */
  readonly rowsMax: number;
  /** Stores a batch. */
  readonly write: (usage: Usage) => Promise<void>;
}

/** Makes the collector; from then on it hears of the used entries that the cache drops. */
export function createUsageCollector(options: UsageCollectorOptions): UsageCollector {
  const { clock, cache, write } = options;
  // In here, from `start` on, is whatever has a use on it: the first are those that wait longest.
  let waiting: Used[] = [];
  let start = 0;
  /** Of those that wait the ones that are not in the cache, by id. */
  const uncached = new Map<string, Used>();
  let underWay: Usage = new Map();
  let writing = Promise.resolve(false);

  cache.onUsedGone((entry) => uncached.set(entry.tokenId, entry));

  function usedOf(tokenId: string): Used {
    const known = cache.ofToken(tokenId) ?? uncached.get(tokenId);
    if (known !== undefined) return known;
    const made: Used = { tokenId, usedAtMs: 0 };
    uncached.set(tokenId, made);
    return made;
  }

  function takeBatch(rowsMax: number): Usage {
    const batch = new Map<string, number>();
    for (; batch.size < rowsMax; start += 1) {
      const used = waiting[start];
      if (used === undefined) break;
      const { tokenId, usedAtMs } = used;
      batch.set(tokenId, Math.max(usedAtMs, batch.get(tokenId) ?? 0));
      used.usedAtMs = 0;
      if (uncached.get(tokenId) === used) uncached.delete(tokenId);
    }
    if (2 * start >= waiting.length) {
      waiting = waiting.slice(start);
      start = 0;
    }
    return batch;
  }

  /** To the front again; a use since then is as good. */
  function takeBack(batch: Usage): void {
    const restored: Used[] = [];
    for (const [tokenId, usedAtMs] of batch) {
      const used = usedOf(tokenId);
      if (used.usedAtMs !== 0) continue;
      used.usedAtMs = usedAtMs;
      restored.push(used);
    }
    waiting = [...restored, ...waiting.slice(start)];
    start = 0;
  }

  async function writeBatch(rowsMax: number): Promise<boolean> {
    underWay = takeBatch(rowsMax);
    const isMore = waiting.length > start;
    if (underWay.size === 0) return false;
    try {
      await write(underWay);
    } catch (error) {
      takeBack(underWay);
      throw error;
    } finally {
      underWay = new Map();
    }
    return isMore;
  }

  /** One at a time, and one after a failed one. */
  function enqueue(rowsMax: number): Promise<boolean> {
    const attempt = () => writeBatch(rowsMax);
    writing = writing.then(attempt, attempt);
    return writing;
  }

  function mark(used: Used, atMs: number): void {
    if (used.usedAtMs === 0) waiting.push(used);
    used.usedAtMs = Math.max(used.usedAtMs, atMs);
  }

  return {
    note(entry) {
      mark(entry, clock.nowMs());
    },
    record(tokenId, atMs = Infinity) {
      mark(usedOf(tokenId), Math.max(1, Math.min(atMs, clock.nowMs())));
    },
    latestMs(tokenId, storedMs) {
      const times = [cache.ofToken(tokenId), uncached.get(tokenId)].map((used) => used?.usedAtMs);
      const knownMs = Math.max(...times.map((ms) => ms ?? 0), underWay.get(tokenId) ?? 0);
      return knownMs === 0 ? storedMs : Math.max(knownMs, storedMs ?? knownMs);
    },
    flush: () => enqueue(options.rowsMax),
    async drain() {
      await enqueue(Infinity);
    },
  };
}
