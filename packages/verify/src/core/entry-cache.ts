/**
 * Tokens that were looked up, found by key and, to forget them, by token and by user. A table: an entry is
 * a row, and what else is known of the row lies in arrays of numbers. Objects and texts in their place
 * would each be somewhere else in memory, and waiting for that is most of what a verification takes.
 */
import type { Rights } from "@conch/contract";
import { createHashIndex, NO_ROW } from "./hash-index.ts";
import { type Key, KEY_WORDS, keyText } from "./key.ts";
import type { ChangeSubject, Entry, EntryUser, NewEntry } from "./types.ts";

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
  readonly store: (key: Key, entry: NewEntry) => Entry;
  readonly storeUnknown: (key: Key, untilMs: number) => void;
  /** Forgets what a change concerns. */
  readonly forget: (change: ChangeSubject) => void;
  readonly clear: () => void;
  /** The entry of a token; to ask for it here is no use of it. */
  readonly ofToken: (tokenId: string) => Entry | undefined;
  readonly size: () => number;
  readonly uses: CachedUses;
}

/**
 * The last uses that nobody was told of yet, by a clock of whoever tells. They are kept with the rows: a
 * table of uses would cost each verification as much as finding its entry.
 */
export interface CachedUses {
  /** @returns `false` where the entry is not in the cache any more. */
  readonly note: (entry: Entry, atMs: number) => boolean;
  /** 0 where there is none. */
  readonly lastMs: (tokenId: string) => number;
  /** How many rows may have one. */
  readonly waiting: () => number;
  /** Hands out those that wait longest, `max` at most. */
  readonly take: (max: number, receive: (tokenId: string, usedAtMs: number) => void) => void;
  /** Has the one `listener` told of each that goes with its entry. */
  readonly onGone: (listener: (tokenId: string, usedAtMs: number) => void) => void;
}

/** A user and the first of their cached tokens, a linked list through the rows. */
interface UserSlot {
  /** Frozen. */
  readonly user: EntryUser;
  first: number;
}

/**
 * What is kept of each row beside its entry: in words its key, its last use (a number of two words), and its
 * neighbours in the list of its user; of a free row, `NEXT` is the next free one.
 */
const ROW_WORDS = 12;
const USED_AT = KEY_WORDS;
const NEXT = KEY_WORDS + 2;
const PREVIOUS = KEY_WORDS + 3;

/** Whether a row was found since the last search for one to evict. */
const FOUND_LATELY = 1;
/** Whether it is in the queue of those that may have a use. */
const QUEUED = 2;

interface Columns {
  readonly words: Int32Array;
  /** The same memory, for times. */
  readonly times: Float64Array;
  readonly flags: Uint8Array;
}

/** Keys that name nothing are remembered for a second; so many of them. */
const UNKNOWN_MAX = 10_000;
const ROWS_MIN = 64;

/** The same text without the string of its own that it has in each row that is read. */
function sharedRights(rights: Rights): Rights {
  if (rights === "full") return "full";
  return rights === "read" ? "read" : "verify";
}

/** Field by field: of a copy by `...` Node makes a hash table when it is frozen, four times as large. */
function frozenCopy({ id, email, name, isAdmin }: EntryUser): EntryUser {
  return Object.freeze({ id, email, name, isAdmin });
}

function createColumns(rows: number, old?: Columns): Columns {
  const words = new Int32Array(rows * ROW_WORDS);
  const columns = { words, times: new Float64Array(words.buffer), flags: new Uint8Array(rows) };
  if (old === undefined) return columns;
  columns.words.set(old.words);
  columns.flags.set(old.flags);
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

/** @param entriesMax at most that many entries are kept; 520 bytes each on Bun. */
export function createEntryCache(entriesMax: number): EntryCache {
  let columns = createColumns(Math.min(ROWS_MIN, entriesMax));
  let entries: (Entry | null)[] = [];
  let firstFree = NO_ROW;
  let size = 0;
  /** Where the search for one to evict goes on. */
  let hand = 0;
  // A word of a SHA-256 is as good a hash as there is.
  const byKey = createHashIndex((row) => columns.words[row * ROW_WORDS] ?? 0);
  const byToken = createHashIndex((row) => hashOfId(entries[row]?.tokenId ?? ""));
  const users = new Map<string, UserSlot>();
  const unknown = new Map<string, number>();
  /** Rows that may have a use, each once, those that wait longest first; from `queueStart` on. */
  let queue: number[] = [];
  let queueStart = 0;
  let tellOfGone = (_tokenId: string, _usedAtMs: number): void => {};

  function hasKey(row: number, key: Key): boolean {
    const start = row * ROW_WORDS;
    for (let word = 0; word < KEY_WORDS; word += 1) {
      if (columns.words[start + word] !== key[word]) return false;
    }
    return true;
  }

  const linkOf = (row: number, link: number): number => columns.words[row * ROW_WORDS + link] ?? 0;

  function setLink(row: number, link: number, to: number): void {
    columns.words[row * ROW_WORDS + link] = to;
  }

  const timeOf = (row: number): number => (row * ROW_WORDS + USED_AT) / 2;
  const usedAtMsOf = (row: number): number => columns.times[timeOf(row)] ?? 0;

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

  /** A row of its own, of which nothing is set. */
  function takeRow(): number {
    let row = firstFree;
    if (row === NO_ROW) {
      row = entries.push(null) - 1;
      if (row >= columns.flags.length) {
        columns = createColumns(Math.min(2 * columns.flags.length, entriesMax), columns);
      }
    } else firstFree = linkOf(row, NEXT);
    size += 1;
    return row;
  }

  function ownerOf(user: EntryUser): UserSlot {
    const known = users.get(user.id);
    if (known !== undefined) return known;
    // Handed out with each verification of each of the user's tokens: whoever wrote to it would change
    // what later requests are told.
    const made: UserSlot = { user: frozenCopy(user), first: NO_ROW };
    users.set(user.id, made);
    return made;
  }

  function link(row: number, owner: UserSlot): void {
    setLink(row, NEXT, owner.first);
    setLink(row, PREVIOUS, NO_ROW);
    if (owner.first !== NO_ROW) setLink(owner.first, PREVIOUS, row);
    owner.first = row;
  }

  function unlink(row: number, user: EntryUser): void {
    const next = linkOf(row, NEXT);
    const previous = linkOf(row, PREVIOUS);
    if (next !== NO_ROW) setLink(next, PREVIOUS, previous);
    if (previous !== NO_ROW) setLink(previous, NEXT, next);
    else if (next !== NO_ROW) ownerOf(user).first = next;
    else users.delete(user.id);
  }

  /** @returns the use that the row had, and has no more. */
  function takeUse(row: number): number {
    const usedAtMs = usedAtMsOf(row);
    columns.times[timeOf(row)] = 0;
    return usedAtMs;
  }

  function tellOfUse(entry: Entry, usedAtMs: number): void {
    if (usedAtMs !== 0) tellOfGone(entry.tokenId, usedAtMs);
  }

  function remove(row: number): void {
    const entry = entries[row];
    if (entry === undefined || entry === null) return;
    byKey.remove(row);
    byToken.remove(row);
    unlink(row, entry.user);
    entries[row] = null;
    setLink(row, NEXT, firstFree);
    firstFree = row;
    size -= 1;
    tellOfUse(entry, takeUse(row));
  }

  /** Second chance: the oldest that was not used since the hand last passed. All rows are taken. */
  function evict(): void {
    while (((columns.flags[hand] ?? 0) & FOUND_LATELY) !== 0) {
      columns.flags[hand]! &= ~FOUND_LATELY;
      hand = (hand + 1) % entriesMax;
    }
    remove(hand);
    hand = (hand + 1) % entriesMax;
  }

  function clear(): void {
    const gone = entries;
    const { times } = columns;
    columns = createColumns(Math.min(ROWS_MIN, entriesMax));
    entries = [];
    firstFree = NO_ROW;
    size = 0;
    hand = 0;
    byKey.clear();
    byToken.clear();
    users.clear();
    unknown.clear();
    queue = [];
    queueStart = 0;
    for (const [row, entry] of gone.entries()) {
      if (entry !== null) tellOfUse(entry, times[timeOf(row)] ?? 0);
    }
  }

  const uses: CachedUses = {
    note(entry, atMs) {
      const { row } = entry;
      if (entries[row] !== entry) return false;
      columns.times[timeOf(row)] = Math.max(usedAtMsOf(row), atMs);
      if (((columns.flags[row] ?? 0) & QUEUED) === 0) {
        columns.flags[row]! |= QUEUED;
        queue.push(row);
      }
      return true;
    },
    lastMs(tokenId) {
      const row = rowOfToken(tokenId);
      return row === NO_ROW ? 0 : usedAtMsOf(row);
    },
    waiting: () => queue.length - queueStart,
    take(max, receive) {
      for (let taken = 0; taken < max && queueStart < queue.length; queueStart += 1) {
        const row = queue[queueStart]!;
        columns.flags[row]! &= ~QUEUED;
        const usedAtMs = takeUse(row);
        if (usedAtMs === 0) continue;
        receive(entries[row]?.tokenId ?? "", usedAtMs);
        taken += 1;
      }
      if (2 * queueStart >= queue.length) {
        queue = queue.slice(queueStart);
        queueStart = 0;
      }
    },
    onGone(listener) {
      tellOfGone = listener;
    },
  };

  return {
    get(key) {
      const row = rowOfKey(key);
      if (row === NO_ROW) return undefined;
      columns.flags[row]! |= FOUND_LATELY;
      return entries[row] ?? undefined;
    },
    unknownUntilMs: (key) => (unknown.size === 0 ? 0 : (unknown.get(keyText(key)) ?? 0)),
    store(key, entry) {
      if (unknown.size > 0) unknown.delete(keyText(key));
      remove(rowOfKey(key));
      remove(rowOfToken(entry.tokenId));
      if (size >= entriesMax) evict();
      const owner = ownerOf(entry.user);
      const row = takeRow();
      // What each verification reads comes first, side by side.
      const kept: Entry = {
        expiresAtMs: entry.expiresAtMs,
        expiresAtMonotonicMs: entry.expiresAtMonotonicMs,
        passwordChangeRequired: entry.passwordChangeRequired,
        rights: sharedRights(entry.rights),
        user: owner.user,
        tokenName: entry.tokenName,
        row,
        tokenId: entry.tokenId,
        kind: entry.kind === "session" ? "session" : "api",
        createdAtMs: entry.createdAtMs,
        seq: entry.seq,
        generation: entry.generation,
      };
      entries[row] = kept;
      columns.words.set(key, row * ROW_WORDS);
      columns.flags[row]! &= ~FOUND_LATELY;
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
    size: () => size,
    uses,
  };
}
