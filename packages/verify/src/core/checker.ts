/** The decision whether a token is accepted: one function for nodes and verifiers. */
import type { Rights } from "@conch/contract";
import type { EntryCache } from "./entry-cache.ts";
import type { Hints } from "./hints.ts";
import { type Key, keyText } from "./key.ts";
import type { History } from "./history.ts";
import type { Mark } from "./lease-clock.ts";
import type { Lease } from "./node-lease.ts";
import type {
  Clock,
  Cursor,
  Decision,
  Entry,
  LookUp,
  LookUpInBatch,
  LookUpResult,
  NewEntry,
} from "./types.ts";

/** Decides about tokens. `Request` is what its look-ups need beside the key. */
export interface Checker<Request> {
  /**
   * Decides from the cache, without waiting. Its last act is to read the clocks.
   *
   * @returns `null` where it takes a look-up or a renewal: then `check`.
   */
  decide(key: Key, needed?: Rights): Decision | null;
  /** Decides what `decide` could not, and waits for what that takes: seconds at most. Never rejects. */
  check(key: Key, request: Request, needed?: Rights): Promise<Decision>;
  /**
   * What a node answers a verifier's look-up: the entry as of a position that is not older than
   * `seq`. `null`: it cannot be known now.
   */
  lookUp(key: Key, request: Request, seq: number): Promise<LookedUp | null>;
}

/** An entry as of a position; a `null` entry may be kept for `keepMs`. */
export interface LookedUp {
  readonly position: Cursor;
  readonly entry: Entry | null;
  readonly keepMs: number;
}

/** What a checker is made of. */
export interface CheckerOptions<Request> {
  readonly clock: Clock;
  readonly lease: Lease;
  readonly history: History;
  readonly cache: EntryCache;
  /** Named what a look-up under way may have read before it changed. */
  readonly hints: Hints;
  /** Must settle in bounded time. */
  readonly lookUp: LookUp<Request>;
  /** Asked first: what is decided where the answer arrives takes fewer promises. */
  readonly lookUpInBatch?: LookUpInBatch;
  /** At most so many at once; what comes beyond is `unavailable`. */
  readonly lookUpsMax: number;
}

/**
 * Places in the table of keys that are asked for in batches, a power of two. Two that share one share no
 * more than the longer way. A `Set` in its place made a miss on SQLite slower by a twentieth.
 */
const BATCH_PLACES = 8192;

/** How often a look-up is repeated that changes have overtaken. */
const ATTEMPTS_MAX = 4;

/** Whether a token with rights `held` may do what takes `needed`. */
export function hasRights(held: Rights, needed: Rights): boolean {
  return held === needed || (held === "full" && needed === "read");
}

/** How long a key that names nothing is remembered, from before its look-up: in all, relays included. */
export const UNKNOWN_KEPT_MS = 1000;

/** How things stood before a look-up. */
interface Before {
  readonly mark: Mark;
  readonly generation: number;
  /** How many hints there had been. */
  readonly hinted: number;
}

const UNAVAILABLE: Decision = { outcome: "unavailable" };
const UNKNOWN: Decision = { outcome: "invalid", reason: "unknown" };
const EXPIRED: Decision = { outcome: "invalid", reason: "expired" };

/** Makes the decision of a node or a verifier. */
export function createChecker<Request>(options: CheckerOptions<Request>): Checker<Request> {
  const { clock, lease, history, cache, hints } = options;
  const running = new Map<string, Promise<Entry | "unknown" | "failed">>();
  /** Keys that are asked for in batches: how many, and by some of their bits which. */
  let inBatches = 0;
  const isInBatch = new Uint8Array(BATCH_PLACES);

  function judge(entry: Entry, needed: Rights | undefined): Decision | null {
    // One reading of each decides all: a clock takes as long as everything else here.
    const wallMs = clock.wallMs();
    const monotonicMs = clock.monotonicMs();
    if (wallMs >= entry.expiresAtMs || monotonicMs >= entry.expiresAtMonotonicMs) return EXPIRED;
    if (entry.passwordChangeRequired) {
      const reason = "password_change_required";
      return lease.isLiveAt(monotonicMs, wallMs) ? { outcome: "invalid", reason, entry } : null;
    }
    const outcome = needed === undefined || hasRights(entry.rights, needed) ? "ok" : "forbidden";
    return lease.isLiveAt(monotonicMs, wallMs) ? { outcome, entry } : null;
  }

  function decide(key: Key, needed?: Rights): Decision | null {
    const entry = cache.get(key);
    if (entry !== undefined) return judge(entry, needed);
    return clock.monotonicMs() < cache.unknownUntilMs(key) ? UNKNOWN : null;
  }

  function isCurrent(entry: NewEntry): boolean {
    return (
      entry.generation === history.generation() &&
      !history.hasChangedSince(entry.seq, entry.tokenId, entry.user.id)
    );
  }

  const before = (): Before => ({
    mark: lease.mark(),
    generation: history.generation(),
    hinted: hints.count(),
  });

  /** Whether the log as applied vouches for the answer's position. */
  function isVouchedFor(position: Cursor, generation: number): boolean {
    return generation === history.generation() && history.relate(position) === "known";
  }

  /** Keeps what was found, if the log as applied vouches for it. */
  function keep(
    key: Key,
    result: LookUpResult,
    { mark, generation, hinted }: Before,
  ): Entry | "unknown" | "again" {
    const { position, record } = result;
    if (!isVouchedFor(position, generation)) return "again";
    if (record === null) {
      cache.storeUnknown(key, mark.monotonicMs + Math.min(result.keepMs, UNKNOWN_KEPT_MS));
      return "unknown";
    }
    const expiresInMs = result.expiresInMs ?? record.expiresAtMs - mark.wallMs;
    const entry: NewEntry = {
      ...record,
      seq: position.seq,
      generation,
      expiresAtMonotonicMs: mark.monotonicMs + expiresInMs,
    };
    if (!isCurrent(entry)) return "again";
    if (hints.nameSince(hinted, entry.tokenId, entry.user.id)) return "again";
    return cache.store(key, entry);
  }

  async function lookUpOnce(key: Key, request: Request): Promise<Entry | "unknown" | "again"> {
    const asked = before();
    const result = await options.lookUp(key, request, history.cursor()?.seq ?? 0);
    if (history.relate(result.position) === "ahead") await lease.reach(result.position.seq);
    return keep(key, result, asked);
  }

  async function lookUpUntilCurrent(key: Key, text: string, request: Request) {
    try {
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
        const found = await lookUpOnce(key, request);
        if (found !== "again") return found;
      }
      return "failed";
    } catch {
      return "failed";
    } finally {
      running.delete(text);
    }
  }

  const isBusy = (): boolean => running.size + inBatches >= options.lookUpsMax;

  /** One look-up a key at a time, and a number of keys at a time. */
  function find(key: Key, request: Request): Promise<Entry | "unknown" | "failed"> {
    const text = keyText(key);
    const started = running.get(text);
    if (started !== undefined) return started;
    if (isBusy()) return Promise.resolve("failed");
    const search = lookUpUntilCurrent(key, text, request);
    running.set(text, search);
    return search;
  }

  /** @returns `null` where it takes more than this answer. */
  function decideBy(
    result: LookUpResult | null,
    key: Key,
    asked: Before,
    needed: Rights | undefined,
  ): Decision | null {
    if (result === null) return UNAVAILABLE;
    const found = keep(key, result, asked);
    if (found === "unknown") return UNKNOWN;
    return found === "again" ? null : judge(found, needed);
  }

  function check(given: Key, request: Request, needed?: Rights): Promise<Decision> {
    const key = given.slice();
    const place = (key[0] ?? 0) & (BATCH_PLACES - 1);
    const { lookUpInBatch } = options;
    // Whoever asks for a key that is asked for already waits with the others that do.
    const isAlone = isInBatch[place] === 0 && !isBusy();
    if (lookUpInBatch === undefined || !isAlone || !lease.isLive()) {
      return checkPatiently(key, request, needed);
    }
    const asked = before();
    inBatches += 1;
    isInBatch[place] = 1;
    // One promise: those of functions that wait for each other take as long as the look-up itself.
    return new Promise((resolve) => {
      lookUpInBatch(key, (result) => {
        inBatches -= 1;
        isInBatch[place] = 0;
        const decision = decideBy(result, key, asked, needed);
        resolve(decision ?? checkPatiently(key, request, needed));
      });
    });
  }

  async function checkPatiently(
    key: Key,
    request: Request,
    needed: Rights | undefined,
  ): Promise<Decision> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const decision = decide(key, needed);
      if (decision !== null) return decision;
      if (!lease.isLive()) {
        if (!(await lease.ensure())) return UNAVAILABLE;
        continue;
      }
      const found = await find(key, request);
      if (found === "failed") return UNAVAILABLE;
      if (found === "unknown") return UNKNOWN;
      const judged = isCurrent(found) ? judge(found, needed) : null;
      if (judged !== null) return judged;
    }
    return UNAVAILABLE;
  }

  async function lookUp(given: Key, request: Request, seq: number): Promise<LookedUp | null> {
    const key = given.slice();
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      if (!lease.isLive() && !(await lease.ensure())) return null;
      if (!(await lease.seek(seq))) return null;
      const position = history.cursor();
      if (position === null) return null;
      const entry = cache.get(key);
      if (entry !== undefined) return { position, entry, keepMs: 0 };
      const keepMs = Math.floor(cache.unknownUntilMs(key) - clock.monotonicMs());
      if (keepMs > 0) return { position, entry: null, keepMs };
      if ((await find(key, request)) === "failed") return null;
    }
    return null;
  }

  return { decide, check, lookUp };
}
