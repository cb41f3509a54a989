/** Tells the server in batches when tokens were last used, so that `last_used` stays true. */
import { USES_MAX, type UsageReport } from "@conch/contract";
import type { Edge, Entry, Timer } from "./core/types.ts";

/** What is noted of a token. */
type Used = Pick<Entry, "tokenId" | "usedAtMs">;

/** Collects uses. */
export interface UsageReporter {
  /** Marks the entry as used now. */
  note(entry: Used): void;
  /** Sends what is there now. Never rejects. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Tokens with a use that is not reported yet; those beyond are reported at their next use. */
const PENDING_MAX = 100_000;
/** Where many tokens are in use, reporting that takes at most a twentieth of the time. */
const PAUSE_SHARE = 19;

/** @param intervalMs from a use to its report, while the server answers and has no more to hear. */
export function createUsageReporter(
  { clock, timers }: Edge,
  intervalMs: number,
  send: (report: UsageReport) => Promise<void>,
): UsageReporter {
  let pending: Used[] = [];
  let timer: Timer | null = null;
  let isClosed = false;

  function schedule(delayMs: number): void {
    if (timer !== null || isClosed || pending.length === 0) return;
    timer = timers.set(() => {
      timer = null;
      void report();
    }, delayMs);
  }

  /** @returns whether it was heard; what was not is kept. */
  async function sendBatch(): Promise<boolean> {
    const nowMs = clock.monotonicMs();
    const batch = pending.slice(0, USES_MAX);
    pending = pending.slice(USES_MAX);
    const times = batch.map((entry) => entry.usedAtMs);
    for (const entry of batch) entry.usedAtMs = 0;
    const uses = batch.map(({ tokenId }, index) => ({
      token_id: tokenId,
      age_ms: Math.max(0, Math.round(nowMs - (times[index] ?? nowMs))),
    }));
    try {
      await send({ uses });
      return true;
    } catch {
      takeBack(batch, times);
      return false;
    }
  }

  /** A later use is as good as the one that was not reported. */
  function takeBack(batch: readonly Used[], times: readonly number[]): void {
    for (const [index, entry] of batch.entries()) {
      if (entry.usedAtMs !== 0) continue;
      entry.usedAtMs = times[index] ?? 0;
      pending.push(entry);
    }
  }

  async function report(): Promise<void> {
    const startedMs = clock.monotonicMs();
    const wasHeard = await sendBatch();
    const pauseMs = (clock.monotonicMs() - startedMs) * PAUSE_SHARE;
    schedule(wasHeard && pending.length >= USES_MAX ? Math.min(intervalMs, pauseMs) : intervalMs);
  }

  async function flush(): Promise<void> {
    while (pending.length > 0) {
      if (!(await sendBatch())) {
        schedule(intervalMs);
        return;
      }
    }
  }

  return {
    note(entry) {
      if (entry.usedAtMs === 0) {
        if (isClosed || pending.length >= PENDING_MAX) return;
        pending.push(entry);
        schedule(intervalMs);
      }
      // Whole numbers lie in the entry itself on V8; others would be objects of their own.
      entry.usedAtMs = Math.ceil(clock.monotonicMs());
    },
    flush,
    async close() {
      isClosed = true;
      timer?.cancel();
      await flush();
    },
  };
}
