/** The clocks of a lease: until when what has been applied may be relied on. */
import type { Clock } from "./types.ts";

/** A reading of both clocks. */
export interface Mark {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** A deadline, and the suspicion that the machine has slept. */
export interface LeaseClock {
  /** Reads the clocks; to be called before whatever shall justify the lease is asked for. */
  readonly mark: () => Mark;
  /** The lease lasts `durationMs` from `mark`; never shortens a live one. */
  readonly extend: (mark: Mark, durationMs: number) => void;
  /** Reads the clocks. */
  readonly isLive: () => boolean;
  /** The same by readings of this very moment: whoever decides about many tokens reads each clock once. */
  readonly isLiveAt: (monotonicMs: number, wallMs: number) => boolean;
  /** Milliseconds until the deadline, rounded down; 0 where the lease is dead. */
  readonly leftMs: () => number;
  /** Milliseconds since the reading that justifies the lease; infinite before the first. */
  readonly ageMs: () => number;
  readonly end: () => void;
}

/** The share of the bound by which the two clocks may disagree. */
const DISAGREEMENT = 0.01;

/**
 * @param boundMs the bound B; a suspend of more than a hundredth of it, during which the monotonic
 *   clock stands still, shows as a disagreement of the clocks and ends the lease.
 */
export function createLeaseClock(clock: Clock, boundMs: () => number): LeaseClock {
  let since: Mark | null = null;
  let deadlineMs = -Infinity;

  function hasSlept(nowMs: number, wallMs: number, from: Mark): boolean {
    return Math.abs(wallMs - from.wallMs - (nowMs - from.monotonicMs)) > boundMs() * DISAGREEMENT;
  }

  function liveMsAt(nowMs: number, wallMs: number): number {
    if (since === null || nowMs >= deadlineMs || hasSlept(nowMs, wallMs, since)) return 0;
    return deadlineMs - nowMs;
  }

  const liveMs = (): number => liveMsAt(clock.monotonicMs(), clock.wallMs());

  return {
    mark: () => ({ monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() }),
    extend(mark, durationMs) {
      const newDeadlineMs = mark.monotonicMs + durationMs;
      if (liveMs() > 0 && newDeadlineMs <= deadlineMs) return;
      since = mark;
      deadlineMs = newDeadlineMs;
    },
    isLive: () => liveMs() > 0,
    isLiveAt: (monotonicMs, wallMs) => liveMsAt(monotonicMs, wallMs) > 0,
    leftMs: () => Math.floor(liveMs()),
    ageMs: () => (since === null ? Infinity : clock.monotonicMs() - since.monotonicMs),
    end() {
      since = null;
      deadlineMs = -Infinity;
    },
  };
}
