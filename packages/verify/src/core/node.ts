/** A node put together: its lease, what it has cached, its feed for verifiers, its waits. */
import { createChecker, type Checker } from "./checker.ts";
import { createEntryCache, type EntryCache } from "./entry-cache.ts";
import { createFeed, type Feed } from "./feed.ts";
import { createHints } from "./hints.ts";
import { createHistory, type History } from "./history.ts";
import { createHolderRegistry, type HolderRegistry } from "./holders.ts";
import type { LogSource } from "./log-source.ts";
import { createMemberWatch, type WaitResult } from "./members.ts";
import { createNodeLease, type NodeLease } from "./node-lease.ts";
import type { ChangeRow, Cursor, Edge, Hint, LookUp, LookUpInBatch } from "./types.ts";

/** What a node is made of. `Request` is what its look-ups need beside the key. */
export interface NodeOptions<Request> {
  readonly edge: Edge;
  /** The bound B, milliseconds, as the database has it. */
  readonly boundMs: number;
  readonly source: LogSource;
  readonly lookUp: LookUp<Request>;
  readonly lookUpInBatch?: LookUpInBatch;
  readonly lookUpsMax: number;
  readonly entriesMax: number;
  readonly createIncarnation: () => string;
  /** Told of each change that was applied, for figures such as the lag. */
  readonly onChange?: (row: ChangeRow) => void;
}

/** A node. */
export interface Node<Request> {
  readonly lease: NodeLease;
  readonly history: History;
  readonly cache: EntryCache;
  readonly holders: HolderRegistry;
  readonly checker: Checker<Request>;
  readonly feed: Feed;
  /**
   * Something was committed, by this node or another: drops what it concerns, and has verifiers drop
   * it, which is always safe. What it proves comes by the log.
   */
  hint(hint: Hint): void;
  /**
   * Waits until a revocation is in force everywhere; takes 1.05 B at most.
   *
   * @param seq the row that the revocation appended.
   * @param committedAtMs the monotonic clock after its COMMIT returned.
   */
  wait(seq: number, committedAtMs: number): Promise<WaitResult>;
  /**
   * The same where nothing was left to revoke. What was read may be a revocation that is not
   * replicated, and lost tomorrow: only a renewal that begins now and has that row of the log in its
   * history makes it a fact.
   *
   * @param position the head of the log, from the statement that found nothing left.
   * @returns `null` where it is no fact: `revocation_unconfirmed`, to be repeated.
   */
  waitFrom(position: Cursor, foundAtMs: number): Promise<WaitResult | null>;
  start(): void;
  /** Ends the lease for good, and so grants nothing any more; forgets what was cached. */
  close(): void;
}

/** Makes a node; `start` begins its lease. */
export function createNode<Request>(options: NodeOptions<Request>): Node<Request> {
  const { edge, boundMs, source } = options;
  const cache = createEntryCache(options.entriesMax);
  const history = createHistory({
    onChange(row) {
      cache.forget(row);
      options.onChange?.(row);
      feed.notify();
    },
    onReset() {
      cache.clear();
      feed.notify();
    },
  });
  const holders = createHolderRegistry(edge.clock, boundMs);
  const members = createMemberWatch(edge, boundMs, source, () => lease.wake());
  const lease = createNodeLease({ ...options, history, holders, members });
  const feed: Feed = createFeed(edge, boundMs, lease, history, holders);
  const hints = createHints();
  const checker = createChecker({ ...options, clock: edge.clock, lease, history, cache, hints });
  return {
    lease,
    history,
    cache,
    holders,
    checker,
    feed,
    hint(hint) {
      cache.forget(hint);
      hints.add(hint);
      feed.hint(hint);
    },
    wait: members.wait,
    async waitFrom(position, foundAtMs) {
      if (!(await lease.renew()) || history.relate(position) !== "known") return null;
      return members.wait(history.cursor()?.seq ?? position.seq, foundAtMs);
    },
    start: lease.start,
    close() {
      feed.close();
      lease.close();
      cache.clear();
      members.close();
    },
  };
}
