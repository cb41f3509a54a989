/** Tells the server in batches when tokens were last used, so that `last_used` stays true. */
import { USES_MAX, type UsageReport } from "@conch/contract";
import type { EntryCache } from "./core/entry-cache.ts";
import type { Edge, Entry, Timer } from "./core/types.ts";
import { createUses } from "./core/uses.ts";

/** Collects uses. */
export interface UsageReporter {
  /** Marks the entry as used now. */
  note(entry: Entry): void;
  /** Sends what is there now. Never rejects. */
  flush(): Promise<void>;
  /** Sends what is there, after what is under way. Never rejects. */
  close(): Promise<void>;
}

/** Where many tokens are in use, reporting that takes at most a twentieth of the time. */
const PAUSE_SHARE = 19;
/** How much longer a report may be after one that was heard; after one that was not, half as long. */
const SIZE_STEP = 20;

/** @param intervalMs from a use to its report, while the server answers and has no more to hear. */
export function createUsageReporter(
  { clock, timers }: Edge,
  cache: EntryCache,
  intervalMs: number,
  send: (report: UsageReport) => Promise<void>,
): UsageReporter {
  const pending = createUses(cache);
  let timer: Timer | null = null;
  let isReporting = false;
  /** Uses in a report. The server may take less than `USES_MAX`: the limit on its bodies is an option. */
  let sizeMax = USES_MAX;
  /** Settles when the report under way is over. */
  let reported: Promise<void> = Promise.resolve();
  let isClosed = false;

  function schedule(delayMs: number): void {
    if (timer !== null || isReporting || isClosed || !pending.areWaiting()) return;
    timer = timers.set(() => {
      timer = null;
      reported = report();
    }, delayMs);
  }

  /** @returns whether there may be more; `null` where it was not heard, and is kept. */
  async function sendBatch(): Promise<boolean | null> {
    const nowMs = clock.monotonicMs();
    const batch = pending.take(sizeMax);
    if (batch.size === 0) return false;
    const uses = [...batch].map(([tokenId, usedAtMs]) => ({
      token_id: tokenId,
      age_ms: Math.max(0, Math.round(nowMs - usedAtMs)),
    }));
    try {
      await send({ uses });
      const isFull = batch.size === sizeMax;
      if (isFull) sizeMax = Math.min(USES_MAX, sizeMax + SIZE_STEP);
      return isFull;
    } catch {
      pending.giveBack(batch);
      sizeMax = Math.ceil(batch.size / 2);
      return null;
    }
  }

  async function report(): Promise<void> {
    const startedMs = clock.monotonicMs();
    isReporting = true;
    const isFull = (await sendBatch()) === true;
    isReporting = false;
    const pauseMs = (clock.monotonicMs() - startedMs) * PAUSE_SHARE;
    schedule(isFull ? Math.min(intervalMs, pauseMs) : intervalMs);
  }

  async function flush(): Promise<void> {
    while (pending.areWaiting()) {
      if ((await sendBatch()) === null) {
        schedule(intervalMs);
        return;
      }
    }
  }

  return {
    note(entry) {
      if (isClosed) return;
      pending.note(entry, clock.monotonicMs());
      schedule(intervalMs);
    },
    flush,
    async close() {
      isClosed = true;
      timer?.cancel();
      // What it has taken is waiting for nobody else, and comes back where it is not heard.
      await reported;
      await flush();
    },
  };
}
