import type { Usage } from "../store/usage.ts";
import type { Clock } from "./clock.ts";

/** Collects when credentials were used, to be written in batches: no request waits for it. */
export interface UsageCollector {
  /** @param atMs now, where it is not given; later than now counts as now. */
  record(tokenId: string, atMs?: number): void;
  /** Writes what was collected. A failed write is kept for the next one, and thrown on. */
  flush(): Promise<void>;
}

/** @param write stores a batch. */
export function createUsageCollector(
  clock: Clock,
  write: (usage: Usage) => Promise<void>,
): UsageCollector {
  let pending = new Map<string, number>();
  let writing: Promise<void> = Promise.resolve();

  async function writePending(): Promise<void> {
    if (pending.size === 0) return;
    const batch = pending;
    pending = new Map();
    try {
      await write(batch);
    } catch (error) {
      pending = new Map([...batch, ...pending]);
      throw error;
    }
  }

  return {
    record(tokenId, atMs) {
      const nowMs = clock.nowMs();
      if (atMs === undefined || atMs >= nowMs) pending.set(tokenId, nowMs);
      else pending.set(tokenId, Math.max(atMs, pending.get(tokenId) ?? atMs));
    },
    flush() {
      // One at a time, and one after a failed one.
      writing = writing.then(writePending, writePending);
      return writing;
    },
  };
}
