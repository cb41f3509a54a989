/** The nodes, as their rows tell: whose low is where, and which rows nobody updates any more. */
import type { LogSource, Member } from "./log-source.ts";
import type { Edge, Timer } from "./types.ts";

/** How a revocation is known to be in force. */
export interface WaitResult {
  /**
   * `confirmed`: every holder applied it, or is known to hold no lease any more; `bound`: no lease from
   * before it can be live.
   */
  readonly proof: "confirmed" | "bound";
  readonly waitedMs: number;
  /** Holders (nodes and verifiers) that applied it. */
  readonly confirmed: number;
  /** Holders that were known when the wait began, or at its end where those are more. */
  readonly holders: number;
}

/** Watches the members' rows. */
export interface MemberWatch {
  /** Whether the next renewal shall read the members. */
  wanted(): boolean;
  /** @param sentAtMs a monotonic reading from before the rows were asked for. */
  observe(members: readonly Member[], sentAtMs: number): void;
  /**
   * Resolves when no lease can be live that began before row `seq` was applied.
   *
   * @param committedAtMs the monotonic clock after the revocation's COMMIT returned.
   */
  readonly wait: (seq: number, committedAtMs: number) => Promise<WaitResult>;
  close(): void;
}

/** By this share of the bound, after the COMMIT returned, the bound itself is the proof. */
export const WAIT = 1.05;

/** A row that is unchanged for so many bounds belongs to a node that is gone. */
const STALE = 2;

interface Waiter {
  readonly seq: number;
  readonly startedAtMs: number;
  /** By the first reading since the wait began; `null` before it. */
  holdersAtFirst: number | null;
  settle(proof: WaitResult["proof"]): void;
}

/** @param wake has the members read soon, by the next renewal. */
export function createMemberWatch(
  edge: Edge,
  boundMs: number,
  source: LogSource,
  wake: () => void,
): MemberWatch {
  const waiters = new Set<Waiter>();
  const seen = new Map<string, { readonly beat: number; readonly sinceMs: number }>();
  let members: readonly Member[] = [];
  let observedAtMs = -Infinity;
  let poll: Timer | null = null;

  function removeStale(sentAtMs: number): void {
    const nowMs = edge.clock.monotonicMs();
    for (const { incarnation, beat } of members) {
      const known = seen.get(incarnation);
      if (known?.beat !== beat) seen.set(incarnation, { beat, sinceMs: nowMs });
      else if (sentAtMs - known.sinceMs > boundMs * STALE) {
        source.removeMember(incarnation, beat, boundMs / 2).catch(() => {
          // The row is still there, and so is the next chance.
        });
      }
    }
    const present = new Set(members.map((member) => member.incarnation));
    for (const incarnation of seen.keys()) if (!present.has(incarnation)) seen.delete(incarnation);
  }

  /** A renewal reads the members; while somebody waits, renewals follow each other closely. */
  function pollSoon(): void {
    if (poll !== null || waiters.size === 0) return;
    const oldestMs = Math.min(...[...waiters].map((waiter) => waiter.startedAtMs));
    const waitedMs = edge.clock.monotonicMs() - oldestMs;
    poll = edge.timers.set(
      () => {
        poll = null;
        wake();
        pollSoon();
      },
      Math.min(boundMs / 20, boundMs / 1000 + waitedMs / 4) * (0.8 + 0.4 * edge.random()),
    );
  }

  function count(rows: readonly Member[]): number {
    return rows.reduce((sum, member) => sum + 1 + member.holders, 0);
  }

  return {
    wanted: () => waiters.size > 0 || edge.clock.monotonicMs() - observedAtMs > boundMs / 2,
    observe(rows, sentAtMs) {
      members = rows;
      observedAtMs = edge.clock.monotonicMs();
      removeStale(sentAtMs);
      const low = Math.min(...rows.map((member) => member.low));
      for (const waiter of waiters) {
        waiter.holdersAtFirst ??= count(rows);
        if (low >= waiter.seq) waiter.settle("confirmed");
      }
    },
    wait(seq, committedAtMs) {
      return new Promise((resolve) => {
        const startedAtMs = edge.clock.monotonicMs();
        const untilMs = committedAtMs + boundMs * WAIT;
        const deadline = edge.timers.set(() => waiter.settle("bound"), untilMs - startedAtMs);
        const waiter: Waiter = {
          seq,
          startedAtMs,
          holdersAtFirst: null,
          settle(proof) {
            deadline.cancel();
            waiters.delete(waiter);
            const confirmed = count(members.filter((member) => member.low >= seq));
            const waitedMs = Math.round(edge.clock.monotonicMs() - committedAtMs);
            // Whose lease has ended is not in the last reading, and has not confirmed anything.
            const holders = Math.max(waiter.holdersAtFirst ?? 0, count(members));
            resolve({ proof, waitedMs, confirmed, holders });
          },
        };
        waiters.add(waiter);
        wake();
        pollSoon();
      });
    },
    close() {
      poll?.cancel();
    },
  };
}
