/** When to renew: periodically, on a wake-up, at the wish of those who wait for it. One at a time. */
import type { Edge, Timer } from "./types.ts";

/** What an attempt came to, and when the next is due, milliseconds. */
export interface Attempted {
  readonly succeeded: boolean;
  readonly nextMs: number;
}

/** A loop of attempts. */
export interface Renewals {
  readonly start: () => void;
  /** Starts an attempt now, or once the gap to the last is over; after a failure, not before its time. */
  readonly wake: () => void;
  /** The same, a gap from now: what follows each other closely takes one attempt. */
  readonly wakeSoon: () => void;
  /** Gives up the attempt that runs and starts another; what becomes of the former is dropped. */
  readonly restart: () => void;
  /**
   * Resolves `true` once the condition holds after an attempt, `false` after an attempt that began
   * later than the call and failed, and after a second at most. Starts an attempt.
   */
  readonly waitFor: (condition: () => boolean) => Promise<boolean>;
  /** Attempts started so far; one whose number is another was given up. */
  readonly started: () => number;
  /** For good. Gives up the attempt that runs, as `restart` does, and starts none. */
  readonly stop: () => void;
}

/** How long anybody waits for a renewal, milliseconds. */
export const PATIENCE_MS = 1000;

interface Waiter {
  readonly condition: () => boolean;
  readonly from: number;
  readonly settle: (result: boolean) => void;
}

/**
 * @param attempt tries once; must settle in bounded time. Its number tells it whether it was given up.
 * @param leastGapMs from the start of one attempt to the start of the next.
 */
export function createRenewals(
  edge: Edge,
  leastGapMs: number,
  attempt: (number: number) => Promise<Attempted>,
): Renewals {
  const waiters = new Set<Waiter>();
  let started = 0;
  let startedAtMs = -Infinity;
  let running = false;
  let isStopped = true;
  let isWanted = false;
  let hasFailed = false;
  let timer: Timer | null = null;
  let dueAtMs = Infinity;

  function schedule(delayMs: number): void {
    timer?.cancel();
    timer = edge.timers.set(run, delayMs);
    dueAtMs = edge.clock.monotonicMs() + delayMs;
  }

  function run(): void {
    timer?.cancel();
    timer = null;
    dueAtMs = Infinity;
    if (isStopped || running) return;
    running = true;
    isWanted = false;
    started += 1;
    startedAtMs = edge.clock.monotonicMs();
    const number = started;
    const finish = (attempted: Attempted) => {
      if (number !== started || isStopped) return;
      running = false;
      hasFailed = !attempted.succeeded;
      settleWaiters(number, attempted.succeeded);
      if (isWanted && attempted.succeeded) scheduleSoon();
      else schedule(attempted.nextMs);
    };
    attempt(number).then(finish, () => finish({ succeeded: false, nextMs: PATIENCE_MS }));
  }

  function scheduleSoon(): void {
    const delayMs = startedAtMs + leastGapMs - edge.clock.monotonicMs();
    // Not by way of a timer, which would take a millisecond or more.
    if (delayMs <= 0) run();
    else schedule(delayMs);
  }

  function settleWaiters(number: number, succeeded: boolean): void {
    for (const waiter of waiters) {
      if (waiter.condition()) waiter.settle(true);
      else if (!succeeded && number > waiter.from) waiter.settle(false);
      else isWanted = true;
    }
  }

  function wake(): void {
    if (isStopped) return;
    if (running) isWanted = true;
    else if (!hasFailed) scheduleSoon();
  }

  const isDueSoon = (): boolean => running || dueAtMs <= edge.clock.monotonicMs() + leastGapMs;

  return {
    start() {
      isStopped = false;
      run();
    },
    wake,
    wakeSoon() {
      if (isStopped) return;
      if (running) isWanted = true;
      else if (!hasFailed && !isDueSoon()) schedule(leastGapMs);
    },
    restart() {
      if (isStopped) return;
      running = false;
      run();
    },
    waitFor(condition) {
      if (condition()) return Promise.resolve(true);
      if (isStopped) return Promise.resolve(false);
      return new Promise((resolve) => {
        const patience = edge.timers.set(() => waiter.settle(condition()), PATIENCE_MS);
        const waiter: Waiter = {
          condition,
          from: started,
          settle(result) {
            patience.cancel();
            waiters.delete(waiter);
            resolve(result);
          },
        };
        waiters.add(waiter);
        // Whether the attempt that runs was enough is known at its end.
        if (!isDueSoon()) wake();
      });
    },
    started: () => started,
    stop() {
      isStopped = true;
      // What an attempt is answered now must not count: nobody is told any more that a lease runs.
      started += 1;
      timer?.cancel();
      for (const waiter of waiters) waiter.settle(false);
    },
  };
}
