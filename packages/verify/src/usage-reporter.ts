/** Tells the server in batches when tokens were last used, so that `last_used` stays true. */
import { USES_MAX, type UsageReport } from "@conch/contract";
import type { Edge, Timer } from "./core/types.ts";

/** Collects uses. */
export interface UsageReporter {
  note(tokenId: string): void;
  /** Sends what is there now. Never rejects. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Tokens with a use that is not reported yet; those beyond are reported at their next use. */
const PENDING_MAX = 100_000;

/** @param intervalMs from a use to its report, at most, while the server answers. */
export function createUsageReporter(
  { clock, timers }: Edge,
  intervalMs: number,
  send: (report: UsageReport) => Promise<void>,
): UsageReporter {
  let pending = new Map<string, number>();
  let timer: Timer | null = null;
  let isClosed = false;

  function schedule(): void {
    if (timer !== null || isClosed) return;
    timer = timers.set(() => {
      timer = null;
      void flush();
    }, intervalMs);
  }

  async function sendBatch(batch: readonly (readonly [string, number])[]): Promise<boolean> {
    const nowMs = clock.monotonicMs();
    const uses = batch.map(([id, atMs]) => ({ token_id: id, age_ms: Math.round(nowMs - atMs) }));
    return send({ uses }).then(
      () => true,
      () => false,
    );
  }

  /** A later use is as good as the one that was not reported. */
  function takeBack(unsent: readonly (readonly [string, number])[]): void {
    for (const [id, atMs] of unsent) if (!pending.has(id)) pending.set(id, atMs);
    if (pending.size > 0) schedule();
  }

  async function flush(): Promise<void> {
    const uses = [...pending];
    pending = new Map();
    for (let from = 0; from < uses.length; from += USES_MAX) {
      if (await sendBatch(uses.slice(from, from + USES_MAX))) continue;
      takeBack(uses.slice(from));
      return;
    }
  }

  return {
    note(tokenId) {
      if (isClosed || (pending.size >= PENDING_MAX && !pending.has(tokenId))) return;
      pending.set(tokenId, clock.monotonicMs());
      schedule();
    },
    flush,
    async close() {
      isClosed = true;
      timer?.cancel();
      await flush();
    },
  };
}
