/** Last uses of tokens that are still to be told to somebody: by a verifier to a node, by a node to its database. */
import type { CachedUses, EntryCache } from "./entry-cache.ts";
import type { Entry } from "./types.ts";

/** When each of these tokens was last used, by its id, by the clock of whoever noted it. */
export type LastUses = ReadonlyMap<string, number>;

/** Collects them. */
export interface Uses {
  /** Marks the token of an entry as used. */
  readonly note: (entry: Entry, atMs: number) => void;
  /** The same for one that may not be in the cache. */
  readonly record: (tokenId: string, atMs: number) => void;
  /** The last use that is still to be told; 0 where there is none. */
  readonly lastMs: (tokenId: string) => number;
  /** Whether there may be any. */
  readonly areWaiting: () => boolean;
  /** Takes those that wait longest, `max` at most. */
  readonly take: (max: number) => LastUses;
  /** Gives back what could not be told. */
  readonly giveBack: (uses: LastUses) => void;
}

/** Beside the cache so many tokens have a use that waits; those beyond are told of at their next use. */
const UNCACHED_MAX = 100_000;

/** @param cache from now on it tells nobody else of the uses that go with its entries. */
export function createUses(
  cache: Pick<EntryCache, "ofToken"> & { readonly uses: CachedUses },
): Uses {
  const uncached = new Map<string, number>();
  cache.uses.onGone(keep);

  function keep(tokenId: string, atMs: number): void {
    const known = uncached.get(tokenId);
    if (known === undefined && uncached.size >= UNCACHED_MAX) return;
    if (known === undefined || known < atMs) uncached.set(tokenId, atMs);
  }

  function note(entry: Entry, atMs: number): void {
    if (!cache.uses.note(entry, atMs)) record(entry.tokenId, atMs);
  }

  function record(tokenId: string, atMs: number): void {
    const entry = cache.ofToken(tokenId);
    if (entry === undefined) keep(tokenId, atMs);
    else cache.uses.note(entry, atMs);
  }

  return {
    note,
    record,
    lastMs: (tokenId) => Math.max(cache.uses.lastMs(tokenId), uncached.get(tokenId) ?? 0),
    areWaiting: () => uncached.size > 0 || cache.uses.waiting() > 0,
    take(max) {
      const taken = new Map<string, number>();
      // Half of them at least are there for either kind, so that neither can keep the other waiting.
      cache.uses.take(Math.max(Math.ceil(max / 2), max - uncached.size), (tokenId, atMs) => {
        taken.set(tokenId, atMs);
      });
      for (const [tokenId, atMs] of uncached) {
        if (taken.size >= max) break;
        uncached.delete(tokenId);
        taken.set(tokenId, Math.max(atMs, taken.get(tokenId) ?? 0));
      }
      return taken;
    },
    giveBack(uses) {
      for (const [tokenId, atMs] of uses) record(tokenId, atMs);
    },
  };
}
