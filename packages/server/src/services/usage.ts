import { createUses, type Entry, type EntryCache } from "@conch/verify/core/index";
import type { Usage } from "../store/usage.ts";
import type { Clock } from "./clock.ts";

/** Collects when credentials were used, to be written in batches: no request waits for it. */
export interface UsageCollector {
  /** Marks the cached entry itself as used now: its row is a fraction of what a table costs. */
  note(entry: Entry): void;
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
  readonly cache: Pick<EntryCache, "ofToken" | "uses">;
  /** At most so many are written by a `flush`. */
  readonly rowsMax: number;
  /** Stores a batch. */
  readonly write: (usage: Usage) => Promise<void>;
}

/** Makes the collector; from then on it hears of the uses that go with their entries. */
export function createUsageCollector(options: UsageCollectorOptions): UsageCollector {
  const { clock, write } = options;
  const uses = createUses(options.cache);
  let underWay: Usage = new Map();
  let writing = Promise.resolve(false);

  async function writeBatch(rowsMax: number): Promise<boolean> {
    underWay = uses.take(rowsMax);
    const isMore = uses.areWaiting();
    if (underWay.size === 0) return false;
    try {
      await write(underWay);
    } catch (error) {
      uses.giveBack(underWay);
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

  return {
    note(entry) {
      uses.note(entry, clock.nowMs());
    },
    record(tokenId, atMs = Infinity) {
      uses.record(tokenId, Math.max(1, Math.min(atMs, clock.nowMs())));
    },
    latestMs(tokenId, storedMs) {
      const knownMs = Math.max(uses.lastMs(tokenId), underWay.get(tokenId) ?? 0);
      return knownMs === 0 ? storedMs : Math.max(knownMs, storedMs ?? knownMs);
    },
    flush: () => enqueue(options.rowsMax),
    async drain() {
      await enqueue(Infinity);
    },
  };
}
