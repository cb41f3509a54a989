import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { createEntryCache } from "../../src/core/entry-cache.ts";
import { createHistory } from "../../src/core/history.ts";
import type { ChangeRow, NewEntry } from "../../src/core/types.ts";
import { keyOf } from "../keys.ts";

function entryOf(token: string, user: string): NewEntry {
  return {
    seq: 1,
    generation: 1,
    tokenId: token,
    kind: "api",
    tokenName: token,
    rights: "full",
    createdAtMs: 0,
    expiresAtMs: 4e12,
    expiresAtMonotonicMs: 4e12,
    passwordChangeRequired: false,
    user: { id: user, email: "", name: "", isAdmin: false },
  };
}

function row(seq: number, kind: ChangeRow["kind"], id: string | null): ChangeRow {
  const tokenId = kind === "token" ? id : null;
  return { seq, uid: `u${seq}`, kind, tokenId, userId: kind === "user" ? id : null };
}

const ids = fc.integer({ min: 0, max: 9 }).map(String);

test("a cache holds what a plain list of entries would", () => {
  const operations = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant("store" as const), id: ids }),
      fc.record({ kind: fc.constantFrom("token" as const, "user" as const), id: ids }),
      fc.record({ kind: fc.constant("all" as const), id: fc.constant("") }),
    ),
  );
  const userOf = (token: string) => String(Number(token) % 3);
  fc.assert(
    fc.property(operations, (list) => {
      const cache = createEntryCache(100);
      const held = new Set<string>();
      for (const { kind, id } of list) {
        if (kind === "store") {
          cache.store(keyOf(id), entryOf(id, userOf(id)));
          held.add(id);
        } else {
          cache.forget(row(2, kind, id));
          for (const token of held) {
            if (kind === "all" || (kind === "token" ? token : userOf(token)) === id) {
              held.delete(token);
            }
          }
        }
        expect(cache.size()).toBe(held.size);
        for (let token = 0; token < 10; token += 1) {
          expect(cache.get(keyOf(`${token}`))?.tokenId).toBe(
            held.has(String(token)) ? String(token) : undefined,
          );
        }
      }
    }),
  );
});

test("whatever comes, goes and is used, each way to an entry finds that of the right token", () => {
  const operations = fc.array(
    fc.record({
      action: fc.constantFrom("store", "store", "store", "get", "token", "user"),
      id: fc.nat({ max: 299 }),
    }),
    { minLength: 100, maxLength: 600 },
  );
  const userOf = (id: number) => `user ${id % 20}`;
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), operations, (entriesMax, list) => {
      const cache = createEntryCache(entriesMax);
      const possible = new Set<number>();
      for (const { action, id } of list) {
        if (action === "get") cache.get(keyOf(`${id}`));
        else if (action === "store") {
          cache.store(keyOf(`${id}`), entryOf(`${id}`, userOf(id)));
          possible.add(id);
          expect(cache.get(keyOf(`${id}`))?.tokenId).toBe(`${id}`);
        } else {
          cache.forget(
            row(2, action as "token" | "user", action === "user" ? userOf(id) : `${id}`),
          );
          for (const held of possible) {
            if (action === "user" ? userOf(held) === userOf(id) : held === id)
              possible.delete(held);
          }
        }
      }
      const found = Array.from({ length: 300 }, (_, id) => cache.ofToken(`${id}`)?.tokenId);
      const byKey = Array.from({ length: 300 }, (_, id) => cache.get(keyOf(`${id}`))?.tokenId);
      expect(byKey).toEqual(found);
      found.forEach((tokenId, id) => expect([`${id}`, undefined]).toContain(tokenId));
      const held = found.filter((tokenId) => tokenId !== undefined);
      expect(held.every((tokenId) => possible.has(Number(tokenId)))).toBe(true);
      expect(held).toHaveLength(cache.size());
      expect(cache.size()).toBeLessThanOrEqual(entriesMax);
      for (let user = 0; user < 20; user += 1) cache.forget(row(2, "user", `user ${user}`));
      expect(cache.size()).toBe(0);
    }),
    { numRuns: 50 },
  );
});

test("keys that differ in one word are different keys", () => {
  const cache = createEntryCache(10);
  const key = keyOf("a");
  cache.store(key, entryOf("a", "u"));
  for (let word = 0; word < key.length; word += 1) {
    const other = key.slice();
    other[word] = ~(other[word] ?? 0);
    expect(cache.get(other)).toBeUndefined();
  }
  expect(cache.get(key.slice())?.tokenId).toBe("a");
});

test("a key that is written over after a call has no hold on the cache", () => {
  const cache = createEntryCache(10);
  const key = keyOf("a").slice();
  cache.store(key, entryOf("a", "u"));
  cache.storeUnknown(key, 5);
  key.fill(0);
  expect(cache.get(keyOf("a"))?.tokenId).toBe("a");
  expect(cache.unknownUntilMs(keyOf("a"))).toBe(5);
  expect(cache.get(key)).toBeUndefined();
});

test("the tokens of a user share one, which nobody can change, and which is the cache's own", () => {
  const cache = createEntryCache(10);
  const given = entryOf("a", "u");
  const { user } = cache.store(keyOf("a"), given);
  expect(cache.store(keyOf("b"), entryOf("b", "u")).user).toBe(user);
  expect(user).not.toBe(given.user);
  expect(Object.isFrozen(user)).toBe(true);
});

test("a full cache keeps what is in use", () => {
  const cache = createEntryCache(3);
  for (const token of ["a", "b", "c"]) cache.store(keyOf(token), entryOf(token, "u"));
  cache.get(keyOf("a"));
  cache.store(keyOf("d"), entryOf("d", "u"));
  expect(cache.size()).toBe(3);
  expect(cache.get(keyOf("a"))).toBeDefined();
  expect(cache.get(keyOf("b"))).toBeUndefined();
  cache.forget(row(2, "user", "u"));
  expect(cache.size()).toBe(0);
});

test("unknown keys are bounded, and forgotten when one comes to be known", () => {
  const cache = createEntryCache(3);
  for (let index = 0; index < 20_000; index += 1) cache.storeUnknown(keyOf(`${index}`), 5);
  expect(cache.unknownUntilMs(keyOf("0"))).toBe(0);
  expect(cache.unknownUntilMs(keyOf("19999"))).toBe(5);
  cache.store(keyOf("19999"), entryOf("19999", "u"));
  expect(cache.unknownUntilMs(keyOf("19999"))).toBe(0);
});

test("a history knows its rows by number and name, and forgets the oldest", () => {
  const history = createHistory({ onChange: () => {}, onReset: () => {} }, 3);
  history.reset({ epoch: "e", seq: 1, uid: "u1" });
  history.apply([2, 3, 4, 5, 6].map((seq) => row(seq, "token", String(seq))));
  const relate = (seq: number, uid = `u${seq}`, epoch = "e") => history.relate({ epoch, seq, uid });
  expect([relate(6), relate(3)]).toEqual(["known", "known"]);
  expect([relate(2), relate(6, "other"), relate(6, "u6", "f")]).toEqual(
    Array.from({ length: 3 }, () => "foreign" as const),
  );
  expect(relate(7)).toBe("ahead");
  expect(history.since(4).map(({ seq }) => seq)).toEqual([5, 6]);
  expect(history.hasChangedSince(5, "6", "")).toBe(true);
  expect(history.hasChangedSince(6, "6", "")).toBe(false);
  expect(history.hasChangedSince(2, "none", "none")).toBe(true);
  expect(() => history.apply([row(8, "all", null)])).toThrow("gap");
});
