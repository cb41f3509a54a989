/** A verifier put together: its lease and what it has cached. */
import { createChecker, type Checker } from "./checker.ts";
import { createEntryCache, type EntryCache } from "./entry-cache.ts";
import { createHints } from "./hints.ts";
import { createHistory, type History } from "./history.ts";
import type { Edge, LookUp } from "./types.ts";
import { createVerifierLease, type Poll, type VerifierLease } from "./verifier-lease.ts";

/** What a verifier is made of. `Request` is what its look-ups need beside the key. */
export interface VerifierCoreOptions<Request> {
  readonly edge: Edge;
  /** The bound until the first answer of a node names it, milliseconds. */
  readonly boundMs: number;
  readonly poll: Poll;
  readonly lookUp: LookUp<Request>;
  readonly lookUpsMax: number;
  readonly entriesMax: number;
  /** A random name, fresh for each process. */
  readonly holder: string;
}

/** A verifier. */
export interface VerifierCore<Request> {
  readonly lease: VerifierLease;
  readonly history: History;
  readonly cache: EntryCache;
  readonly checker: Checker<Request>;
  start(): void;
  /** Ends the lease for good and forgets everything. From then on nobody need wait for this verifier. */
  close(): void;
}

/** Makes a verifier; `start` begins its lease. */
export function createVerifierCore<Request>(
  options: VerifierCoreOptions<Request>,
): VerifierCore<Request> {
  const { edge } = options;
  const cache = createEntryCache(options.entriesMax);
  const history = createHistory({ onChange: cache.forget, onReset: cache.clear });
  const hints = createHints();
  const lease = createVerifierLease({
    ...options,
    history,
    onHint(hint) {
      cache.forget(hint);
      hints.add(hint);
    },
  });
  const checker = createChecker({ ...options, clock: edge.clock, lease, history, cache, hints });
  return {
    lease,
    history,
    cache,
    checker,
    start: lease.start,
    close() {
      lease.close();
      cache.clear();
    },
  };
}
