/** Tokens that were looked up, found by key and, to forget them, by token and by user. */
import type { Rights } from "@conch/contract";
import type { ChangeRow, Entry, EntryUser } from "./types.ts";

/** A bounded cache. */
export interface EntryCache {
  readonly get: (key: string) => Entry | undefined;
  /** Until when (monotonic clock, milliseconds) the key is known to name nothing; 0 where it is not. */
  readonly unknownUntilMs: (key: string) => number;
  /**
   * Keeps a copy; where the cache is full, one that was not used lately goes.
   *
   * @returns the copy, so that the original and all that it was read from can go.
   */
  readonly store: (entry: Entry) => Entry;
  readonly storeUnknown: (key: string, untilMs: number) => void;
  /** Forgets what a change concerns. */
  readonly forget: (row: ChangeRow) => void;
  readonly clear: () => void;
  /** The entry of a token; to ask for it here is no use of it. */
  readonly ofToken: (tokenId: string) => Entry | undefined;
  /** Has the one `listener` told of each entry that goes with a use on it, `usedAtMs`. */
  readonly onUsedGone: (listener: (entry: Entry) => void) => void;
  readonly size: () => number;
}

/** A user and their cached tokens, a linked list through the slots. */
interface UserSlot {
  readonly user: EntryUser;
  first: Slot | null;
}

interface Slot extends Entry {
  readonly owner: UserSlot;
  previous: Slot | null;
  next: Slot | null;
  wasUsed: boolean;
}

/** Keys that name nothing are remembered for a second; so many of them. */
const UNKNOWN_MAX = 10_000;

/** The same text without the string of its own that it has in each row that is read. */
function sharedRights(rights: Rights): Rights {
  if (rights === "full") return "full";
  return rights === "read" ? "read" : "verify";
}

/** @param entriesMax at most that many entries are kept; 750 bytes each on Bun. */
export function createEntryCache(entriesMax: number): EntryCache {
  const slots = new Map<string, Slot>();
  const byToken = new Map<string, Slot>();
  const users = new Map<string, UserSlot>();
  const unknown = new Map<string, number>();
  let tellOfUsedGone = (_entry: Entry): void => {};

  function remove(slot: Slot): void {
    slots.delete(slot.key);
    byToken.delete(slot.tokenId);
    if (slot.next !== null) slot.next.previous = slot.previous;
    if (slot.previous !== null) slot.previous.next = slot.next;
    else slot.owner.first = slot.next;
    if (slot.owner.first === null) users.delete(slot.user.id);
    if (slot.usedAtMs !== 0) tellOfUsedGone(slot);
  }

  /** Second chance: the oldest that was not used since it was last looked at. */
  function evict(): void {
    for (const [key, slot] of slots) {
      if (!slot.wasUsed) {
        remove(slot);
        return;
      }
      slot.wasUsed = false;
      slots.delete(key);
      slots.set(key, slot);
    }
  }

  function ownerOf(user: EntryUser): UserSlot {
    const known = users.get(user.id);
    if (known !== undefined) return known;
    const made: UserSlot = { user, first: null };
    users.set(user.id, made);
    return made;
  }

  function clear(): void {
    for (const slot of slots.values()) if (slot.usedAtMs !== 0) tellOfUsedGone(slot);
    slots.clear();
    byToken.clear();
    users.clear();
    unknown.clear();
  }

  return {
    get(key) {
      const slot = slots.get(key);
      if (slot !== undefined) slot.wasUsed = true;
      return slot;
    },
    unknownUntilMs: (key) => unknown.get(key) ?? 0,
    store(entry) {
      unknown.delete(entry.key);
      const old = slots.get(entry.key) ?? byToken.get(entry.tokenId);
      if (old !== undefined) remove(old);
      if (slots.size >= entriesMax) evict();
      const owner = ownerOf(entry.user);
      const slot: Slot = {
        key: entry.key,
        seq: entry.seq,
        generation: entry.generation,
        tokenId: entry.tokenId,
        kind: entry.kind === "session" ? "session" : "api",
        tokenName: entry.tokenName,
        rights: sharedRights(entry.rights),
        createdAtMs: entry.createdAtMs,
        expiresAtMs: entry.expiresAtMs,
        expiresAtMonotonicMs: entry.expiresAtMonotonicMs,
        usedAtMs: 0,
        notBeforeMs: entry.notBeforeMs,
        passwordChangeRequired: entry.passwordChangeRequired,
        user: owner.user,
        owner,
        previous: null,
        next: owner.first,
        wasUsed: false,
      };
      if (owner.first !== null) owner.first.previous = slot;
      owner.first = slot;
      slots.set(slot.key, slot);
      byToken.set(slot.tokenId, slot);
      return slot;
    },
    storeUnknown(key, untilMs) {
      unknown.delete(key);
      unknown.set(key, untilMs);
      if (unknown.size > UNKNOWN_MAX) unknown.delete(unknown.keys().next().value ?? key);
    },
    forget(row) {
      if (row.kind === "all") clear();
      else if (row.kind === "token") {
        const slot = byToken.get(row.tokenId ?? "");
        if (slot !== undefined) remove(slot);
      } else {
        let slot = users.get(row.userId ?? "")?.first ?? null;
        while (slot !== null) {
          const { next } = slot;
          remove(slot);
          slot = next;
        }
      }
    },
    clear,
    ofToken: (tokenId) => byToken.get(tokenId),
    onUsedGone(listener) {
      tellOfUsedGone = listener;
    },
    size: () => slots.size,
  };
}
