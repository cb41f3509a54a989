/**
 * Tokens that were looked up, found by key and, to forget them, by token and by user. A table: an entry is
 * a row, and what else is known of the row lies in arrays of numbers. Objects and texts in their place
 * would each be somewhere else in memory, and waiting for that is most of what a verification takes.
 */
import type { Rights } from "@conch/contract";
import { createHashIndex, NO_ROW } from "./hash-index.ts";
import { type Key, KEY_WORDS, keyText } from "./key.ts";
import type { ChangeSubject, Entry, EntryUser } from "./types.ts";

/** A bounded cache. */
export interface EntryCache {
  readonly get: (key: Key) => Entry | undefined;
  /** Until when (monotonic clock, milliseconds) the key is known to name nothing; 0 where it is not. */
  readonly unknownUntilMs: (key: Key) => number;
  /**
   * Keeps a copy; where the cache is full, one that was not used lately goes.
   *
   * @returns the copy, so that the original and all that it was read from can go.
   */
  readonly store: (key: Key, entry: Entry) => Entry;
  readonly storeUnknown: (key: Key, untilMs: number) => void;
  /** Forgets what a change concerns. */
  readonly forget: (change: ChangeSubject) => void;
  readonly clear: () => void;
  /** The entry of a token; to ask for it here is no use of it. */
  readonly ofToken: (tokenId: string) => Entry | undefined;
  /** Has the one `listener` told of each entry that goes with a use on it, `usedAtMs`. */
  readonly onUsedGone: (listener: (entry: Entry) => void) => void;
  readonly size: () => number;
}

/** A user and the first of their cached tokens, a linked list through the rows. */
interface UserSlot {
  readonly user: EntryUser;
  first: number;
}

/** What is kept of each row beside its entry. */
interface Columns {
  /** The keys, side by side. */
  readonly keys: Int32Array;
  /** Whether it was used since the last search for one to evict. */
  readonly used: Uint8Array;
  /** The neighbours in the list of its user; of a free row, the next free one. */
  readonly next: Int32Array;
  readonly previous: Int32Array;
}

/** Keys that name nothing are remembered for a second; so many of them. */
const UNKNOWN_MAX = 10_000;
const ROWS_MIN = 64;

/** The same text without the string of its own that it has in each row that is read. */
function sharedRights(rights: Rights): Rights {
  if (rights === "full") return "full";
  return rights === "read" ? "read" : "verify";
}

function createColumns(rows: number, old?: Columns): Columns {
  const columns = {
    keys: new Int32Array(rows * KEY_WORDS),
    used: new Uint8Array(rows),
    next: new Int32Array(rows),
    previous: new Int32Array(rows),
  };
  if (old === undefined) return columns;
  columns.keys.set(old.keys);
  columns.used.set(old.used);
  columns.next.set(old.next);
  columns.previous.set(old.previous);
  return columns;
}

/** FNV-1a. Ids are the server's own: nobody else can choose them to have the same hash. */
function hashOfId(id: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  }
  return hash;
}

/** @param entriesMax at most that many entries are kept; 580 bytes each on Bun. */
export function createEntryCache(entriesMax: number): EntryCache {
  let columns = createColumns(Math.min(ROWS_MIN, entriesMax));
  let entries: (Entry | null)[] = [];
  let firstFree = NO_ROW;
  let size = 0;
  /** Where the search for one to evict goes on. */
  let hand = 0;
  // A word of a SHA-256 is as good a hash as there is.
  const byKey = createHashIndex((row) => columns.keys[row * KEY_WORDS] ?? 0);
  const byToken = createHashIndex((row) => hashOfId(entries[row]?.tokenId ?? ""));
  const users = new Map<string, UserSlot>();
  const unknown = new Map<string, number>();
  let tellOfUsedGone = (_entry: Entry): void => {};

  function hasKey(row: number, key: Key): boolean {
    const start = row * KEY_WORDS;
    for (let word = 0; word < KEY_WORDS; word += 1) {
      if (columns.keys[start + word] !== key[word]) return false;
    }
    return true;
  }

  function rowOfKey(key: Key): number {
    for (let place = byKey.placeOf(key[0] ?? 0); ; place = byKey.placeAfter(place)) {
      const row = byKey.rowAt(place);
      if (row === NO_ROW || hasKey(row, key)) return row;
    }
  }

  function rowOfToken(tokenId: string): number {
    for (let place = byToken.placeOf(hashOfId(tokenId)); ; place = byToken.placeAfter(place)) {
      const row = byToken.rowAt(place);
      if (row === NO_ROW || entries[row]?.tokenId === tokenId) return row;
    }
  }

  /** A row of its own, of which nothing is set but the entry. */
  function takeRow(entry: Entry): number {
    let row = firstFree;
    if (row === NO_ROW) {
      row = entries.push(entry) - 1;
      if (row >= columns.used.length) {
        columns = createColumns(Math.min(2 * columns.used.length, entriesMax), columns);
      }
    } else {
      firstFree = columns.next[row] ?? NO_ROW;
      entries[row] = entry;
    }
    size += 1;
    return row;
  }

  function ownerOf(user: EntryUser): UserSlot {
    const known = users.get(user.id);
    if (known !== undefined) return known;
    const made: UserSlot = { user, first: NO_ROW };
    users.set(user.id, made);
    return made;
  }

  function link(row: number, owner: UserSlot): void {
    columns.next[row] = owner.first;
    columns.previous[row] = NO_ROW;
    if (owner.first !== NO_ROW) columns.previous[owner.first] = row;
    owner.first = row;
  }

  function unlink(row: number, user: EntryUser): void {
    const next = columns.next[row] ?? NO_ROW;
    const previous = columns.previous[row] ?? NO_ROW;
    if (next !== NO_ROW) columns.previous[next] = previous;
    if (previous !== NO_ROW) columns.next[previous] = next;
    else if (next !== NO_ROW) ownerOf(user).first = next;
    else users.delete(user.id);
  }

  function remove(row: number): void {
    const entry = entries[row];
    if (entry === undefined || entry === null) return;
    byKey.remove(row);
    byToken.remove(row);
    unlink(row, entry.user);
    entries[row] = null;
    columns.next[row] = firstFree;
    firstFree = row;
    size -= 1;
    if (entry.usedAtMs !== 0) tellOfUsedGone(entry);
  }

  /** Second chance: the oldest that was not used since the hand last passed. All rows are taken. */
  function evict(): void {
    while (columns.used[hand] === 1) {
      columns.used[hand] = 0;
      hand = (hand + 1) % entriesMax;
    }
    remove(hand);
    hand = (hand + 1) % entriesMax;
  }

  function clear(): void {
    const gone = entries;
    columns = createColumns(Math.min(ROWS_MIN, entriesMax));
    entries = [];
    firstFree = NO_ROW;
    size = 0;
    hand = 0;
    byKey.clear();
    byToken.clear();
    users.clear();
    unknown.clear();
    for (const entry of gone) if (entry !== null && entry.usedAtMs !== 0) tellOfUsedGone(entry);
  }

  return {
    get(key) {
      const row = rowOfKey(key);
      if (row === NO_ROW) return undefined;
      columns.used[row] = 1;
      return entries[row] ?? undefined;
    },
    unknownUntilMs: (key) => (unknown.size === 0 ? 0 : (unknown.get(keyText(key)) ?? 0)),
    store(key, entry) {
      if (unknown.size > 0) unknown.delete(keyText(key));
      remove(rowOfKey(key));
      remove(rowOfToken(entry.tokenId));
      if (size >= entriesMax) evict();
      const owner = ownerOf(entry.user);
      const kept: Entry = {
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
        passwordChangeRequired: entry.passwordChangeRequired,
        user: owner.user,
      };
      const row = takeRow(kept);
      columns.keys.set(key, row * KEY_WORDS);
      columns.used[row] = 0;
      link(row, owner);
      byKey.add(row);
      byToken.add(row);
      return kept;
    },
    storeUnknown(key, untilMs) {
      const text = keyText(key);
      unknown.delete(text);
      unknown.set(text, untilMs);
      if (unknown.size > UNKNOWN_MAX) unknown.delete(unknown.keys().next().value ?? text);
    },
    forget(change) {
      if (change.kind === "all") clear();
      else if (change.kind === "token") remove(rowOfToken(change.tokenId ?? ""));
      else {
        for (let owner = users.get(change.userId ?? ""); owner !== undefined;) {
          remove(owner.first);
          owner = users.get(owner.user.id);
        }
      }
    },
    clear,
    ofToken: (tokenId) => entries[rowOfToken(tokenId)] ?? undefined,
    onUsedGone(listener) {
      tellOfUsedGone = listener;
    },
    size: () => size,
  };
}
