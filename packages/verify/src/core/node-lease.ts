/** The lease of a node: what it has read of the log, and until when that is a fact. */
import { createLeaseClock, type LeaseClock } from "./lease-clock.ts";
import type { History } from "./history.ts";
import type { HolderRegistry } from "./holders.ts";
import type { LogSlice, LogSource, Member, Renewal } from "./log-source.ts";
import { createRenewals, type Attempted } from "./renewals.ts";
import type { Cursor, Edge } from "./types.ts";

/** A lease that a checker decides by: a node's or a verifier's. */
export interface Lease extends Pick<
  LeaseClock,
  "mark" | "isLive" | "isLiveAt" | "leftMs" | "ageMs"
> {
  /** Waits for a renewal where the lease is dead: shared, a second at most. */
  readonly ensure: () => Promise<boolean>;
  /** Waits until that row of the log, which exists, has been applied: shared, a second at most. */
  readonly reach: (seq: number) => Promise<boolean>;
  /**
   * The same for a row that somebody names, which need not exist: as soon as the log has been read to its
   * end it is `false`, so that nobody can have it read again and again.
   */
  readonly seek: (seq: number) => Promise<boolean>;
  /** Ends the lease for good: an answer that is still under way does not bring it back. */
  readonly close: () => void;
}

/** A node's lease. */
export interface NodeLease extends Lease {
  readonly start: () => void;
  /** The log has grown, or a holder has come on: renew now. A hint; nothing depends on it. */
  readonly wake: () => void;
  /** The same in a moment, for what was hinted at: those who drop it come first. */
  readonly wakeSoon: () => void;
  /** Renews now where what a holder proved moves what this node has told of itself. */
  readonly noteHolders: () => void;
  /** A renewal that begins now or later has read the log to its end. */
  readonly renew: () => Promise<boolean>;
  /** The name of the row among the members; changes where the row was lost. */
  readonly incarnation: () => string;
}

/** What a node's lease is made of. */
export interface NodeLeaseOptions {
  readonly edge: Edge;
  /** The bound B, as the database has it. */
  readonly boundMs: number;
  readonly source: LogSource;
  readonly history: History;
  readonly holders: HolderRegistry;
  /** A random name for the member's row. */
  readonly createIncarnation: () => string;
  /** Told of the members, where `wantsMembers` says so, with a clock reading from before. */
  readonly members: {
    wanted(): boolean;
    observe(members: readonly Member[], sentAtMs: number): void;
  };
}

/** The share of the bound that a node's lease lasts; the rest is for clocks that differ. */
export const LEASE = 0.95;

/** Whether the slice begins with the cursor's own row and goes on without a gap. */
function continues(slice: LogSlice, cursor: Cursor): boolean {
  const own = slice.rows[0];
  if (slice.epoch !== cursor.epoch || own?.seq !== cursor.seq || own.uid !== cursor.uid)
    return false;
  return slice.rows.every((row, index) => row.seq === cursor.seq + index);
}

function headOf(slice: LogSlice): Cursor {
  const last = slice.rows.at(-1);
  if (last === undefined) throw new Error("the change log is empty");
  return { epoch: slice.epoch, seq: last.seq, uid: last.uid };
}

/** Makes a node's lease; `start` begins it. */
export function createNodeLease(options: NodeLeaseOptions): NodeLease {
  const { edge, boundMs, source, history, holders } = options;
  const lifeMs = boundMs * LEASE;
  const clock = createLeaseClock(edge.clock, () => boundMs);
  const renewals = createRenewals(edge, boundMs / 1000, attempt);
  let incarnation: string | null = null;
  let reportedLow = -1;
  let failures = 0;
  let lastSucceeded = 0;

  function startOver(head: Cursor): void {
    clock.end();
    history.reset(head);
    holders.reset();
  }

  function low(): number {
    return holders.low(history.cursor()?.seq ?? 0);
  }

  async function register(): Promise<void> {
    const name = options.createIncarnation();
    const { value, warning } = await source.register(name, lifeMs / 2);
    if (warning !== null) throw new Error(warning);
    startOver(headOf(value));
    incarnation = name;
  }

  /** @param fromSeq `null`: the newest row alone. */
  async function read(name: string, applied: number, fromSeq: number | null): Promise<Renewal> {
    holders.forgetEnded();
    const state = { incarnation: name, applied, low: low(), holders: holders.count() };
    const wish = { fromSeq, wantsMembers: options.members.wanted() };
    const { value, warning } = await source.renew(state, wish, lifeMs / 2);
    if (warning !== null) throw new Error(warning);
    reportedLow = state.low;
    return value;
  }

  async function renew(number: number): Promise<boolean> {
    if (incarnation === null) await register();
    const cursor = history.cursor();
    if (incarnation === null || cursor === null) return false;
    const mark = clock.mark();
    const reading = await read(incarnation, cursor.seq, cursor.seq);
    const isContinuation = continues(reading.slice, cursor);
    // What does not continue may begin anywhere: it takes another renewal, for the newest row.
    const last = isContinuation ? reading : await read(incarnation, cursor.seq, null);
    // Closed meanwhile: the row may be gone, so that no wait counts on this node any more.
    if (number !== renewals.started()) return false;
    if (!last.isMember) {
      incarnation = null;
      clock.end();
      return false;
    }
    if (isContinuation) history.apply(last.slice.rows.slice(1));
    else startOver(headOf(last.slice));
    clock.extend(mark, lifeMs);
    if (last.members !== null) options.members.observe(last.members, mark.monotonicMs);
    return true;
  }

  async function attempt(number: number): Promise<Attempted> {
    const startedAtMs = edge.clock.monotonicMs();
    const succeeded = await renew(number).catch(() => false);
    failures = succeeded ? 0 : failures + 1;
    if (succeeded) lastSucceeded = number;
    if (succeeded && low() !== reportedLow) renewals.wake();
    if (!succeeded) {
      const backoffMs = Math.min(lifeMs / 20, (lifeMs / 200) * 2 ** Math.min(failures, 10));
      return { succeeded, nextMs: backoffMs * (0.5 + edge.random()) };
    }
    const periodMs = (lifeMs / 5) * (0.8 + 0.4 * edge.random());
    return { succeeded, nextMs: Math.max(0, startedAtMs + periodMs - edge.clock.monotonicMs()) };
  }

  function hasReached(seq: number): boolean {
    return (history.cursor()?.seq ?? -1) >= seq;
  }

  /** A renewal that begins now or later has read the log to its end. */
  function renewFromNow(): Promise<boolean> {
    const from = renewals.started();
    return renewals.waitFor(() => lastSucceeded > from);
  }

  return {
    mark: clock.mark,
    isLive: clock.isLive,
    isLiveAt: clock.isLiveAt,
    leftMs: clock.leftMs,
    ageMs: clock.ageMs,
    start: renewals.start,
    wake: renewals.wake,
    wakeSoon: renewals.wakeSoon,
    noteHolders() {
      if (low() !== reportedLow) renewals.wake();
    },
    ensure: () => renewals.waitFor(clock.isLive),
    reach: (seq) => renewals.waitFor(() => hasReached(seq)),
    seek: async (seq) => hasReached(seq) || ((await renewFromNow()) && hasReached(seq)),
    renew: renewFromNow,
    incarnation: () => incarnation ?? "",
    close() {
      renewals.stop();
      clock.end();
    },
  };
}
