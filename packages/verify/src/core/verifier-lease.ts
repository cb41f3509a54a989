/** The lease of a verifier: a share of a node's, asked for and answered, never pushed. */
import { createLeaseClock } from "./lease-clock.ts";
import { HOLD, type FeedAnswer, type FeedRequest, type Tell } from "./feed.ts";
import type { History } from "./history.ts";
import { LEASE, type Lease } from "./node-lease.ts";
import { createRenewals, type Attempted } from "./renewals.ts";
import type { Cursor, Edge } from "./types.ts";

/**
 * Sends one poll. Rejects where there is no usable answer, and after `timeLimitMs`.
 *
 * @param tell called with each hint that comes ahead of the answer.
 */
export type Poll = (request: FeedRequest, timeLimitMs: number, tell: Tell) => Promise<FeedAnswer>;

/** What a verifier's lease is made of. */
export interface VerifierLeaseOptions {
  readonly edge: Edge;
  /** The bound until the first answer names it. */
  readonly boundMs: number;
  readonly poll: Poll;
  readonly history: History;
  /** Told of hints, whatever becomes of the answers that they came with. */
  readonly onHint: Tell;
  /** A random name, fresh for each process. */
  readonly holder: string;
}

/** A verifier's lease. */
export interface VerifierLease extends Lease {
  readonly start: () => void;
  /** The bound B. */
  readonly boundMs: () => number;
}

/** The share of the bound after which an answer that may not be held back is given up. */
const ANSWER = 0.25;

function isSame(one: Cursor | null, other: Cursor | null): boolean {
  if (one === null || other === null) return one === other;
  return one.epoch === other.epoch && one.seq === other.seq && one.uid === other.uid;
}

/** Makes a verifier's lease; `start` begins it. */
export function createVerifierLease(options: VerifierLeaseOptions): VerifierLease {
  const { edge, history, holder } = options;
  let boundMs = options.boundMs;
  const clock = createLeaseClock(edge.clock, () => boundMs);
  const renewals = createRenewals(edge, boundMs / 1000, attempt);
  let failures = 0;
  let isHeld = false;

  function absorb(answer: FeedAnswer): void {
    if (answer.reset) {
      clock.end();
      history.reset(answer.head);
      return;
    }
    history.apply(answer.rows);
    if (!isSame(history.cursor(), answer.head)) throw new Error("rows that miss their head");
  }

  /** Whether news were told, or `null` where the answer is of no use. */
  async function poll(number: number): Promise<boolean | null> {
    const cursor = history.cursor();
    const generation = history.generation();
    const mark = clock.mark();
    isHeld = clock.isLive();
    const request = { holder, poll: number, cursor, hold: isHeld };
    const answer = await options.poll(request, boundMs * (HOLD + ANSWER), options.onHint);
    if (number !== renewals.started() || answer.poll !== number) return null;
    if (generation !== history.generation() || !isSame(answer.from, history.cursor())) return null;
    boundMs = answer.boundMs;
    absorb(answer);
    clock.extend(mark, Math.min(answer.leftMs, boundMs * LEASE));
    return answer.reset || answer.rows.length > 0 || !request.hold;
  }

  async function attempt(number: number): Promise<Attempted> {
    const startedAtMs = edge.clock.monotonicMs();
    const hasNews = await poll(number).catch(() => null);
    if (hasNews === null) {
      failures += 1;
      const backoffMs = Math.min(boundMs / 10, (boundMs / 200) * 2 ** Math.min(failures, 10));
      return { succeeded: false, nextMs: backoffMs * (0.5 + edge.random()) };
    }
    failures = 0;
    // A node that answers at once without news must not be asked in a tight loop.
    const elapsedMs = edge.clock.monotonicMs() - startedAtMs;
    const isHasty = !hasNews && elapsedMs < (boundMs * HOLD) / 2;
    return { succeeded: true, nextMs: isHasty ? boundMs * HOLD * (0.5 + edge.random() / 2) : 0 };
  }

  function reach(seq: number): Promise<boolean> {
    return renewals.waitFor(() => (history.cursor()?.seq ?? -1) >= seq);
  }

  return {
    mark: clock.mark,
    isLive: clock.isLive,
    isLiveAt: clock.isLiveAt,
    leftMs: clock.leftMs,
    ageMs: clock.ageMs,
    start: renewals.start,
    boundMs: () => boundMs,
    ensure() {
      // An answer that is held back for a lease that has died meanwhile would come too late.
      if (isHeld && !clock.isLive()) {
        isHeld = false;
        renewals.restart();
      }
      return renewals.waitFor(clock.isLive);
    },
    reach,
    // The node may lag: what it answers does not tell that there is no such row.
    seek: reach,
    close() {
      renewals.stop();
      clock.end();
    },
  };
}
