import { expect, test } from "bun:test";
import { createEntryCache, type NewEntry } from "@conch/verify/core/index";
import { createUsageCollector } from "../src/services/usage.ts";
import { credentialKey } from "../src/services/verification.ts";
import type { Usage } from "../src/store/usage.ts";

function createCollector(entriesMax = 10) {
  const written: Usage[] = [];
  const clock = { nowMs: () => 1_000, monotonicMs: () => 0 };
  let fault: Error | null = null;
  const cache = createEntryCache(entriesMax);
  const collector = createUsageCollector({
    clock,
    cache,
    rowsMax: 100,
    async write(usage) {
      if (fault !== null) throw fault;
      written.push(usage);
    },
  });
  const fail = (error: Error | null) => {
    fault = error;
  };
  return { collector, cache, written, fail };
}

function entryOf(tokenId: string): NewEntry {
  return {
    seq: 1,
    generation: 1,
    tokenId,
    kind: "api",
    tokenName: "ci",
    rights: "full",
    createdAtMs: 0,
    expiresAtMs: 4e12,
    expiresAtMonotonicMs: 4e12,
    passwordChangeRequired: false,
    user: { id: "user", email: "", name: "", isAdmin: false },
  };
}

const idOf = (index: number): string => `token-${index}`;

test("one token, however busy, is one row", async () => {
  const { collector, written } = createCollector();
  for (let use = 0; use < 10_000; use += 1) collector.record("busy");
  expect(await collector.flush()).toBe(false);
  expect(written).toEqual([new Map([["busy", 1_000]])]);
});

test("a token that is used again while its use is written waits for the next turn", async () => {
  const { collector, cache, written } = createCollector();
  const busy = cache.store(credentialKey("busy"), entryOf("busy"));
  collector.note(busy);
  const flushed = collector.flush();
  // The batch has been taken by then, and is being written.
  await Promise.resolve();
  collector.note(busy);
  expect(await flushed).toBe(false);
  await collector.drain();
  expect(written).toHaveLength(2);
});

test("many tokens are written in batches, those first that wait longest", async () => {
  const { collector, written } = createCollector();
  for (let index = 0; index < 600; index += 1) collector.record(idOf(index));
  collector.record(idOf(0));
  expect(await collector.flush()).toBe(true);
  expect(written[0]?.has(idOf(0))).toBe(true);
  expect(written[0]?.has(idOf(599))).toBe(false);
  collector.record(idOf(0));
  await collector.drain();
  expect(written.flatMap((batch) => [...batch.keys()])).toEqual([
    ...Array.from({ length: 600 }, (_, index) => idOf(index)),
    idOf(0),
  ]);
});

test("a failed batch is thrown on and written later, with its newest times", async () => {
  const { collector, written, fail } = createCollector();
  collector.record("a", 10);
  const fullDisk = new Error("full disk");
  fail(fullDisk);
  expect(await collector.flush().catch((error: unknown) => error)).toBe(fullDisk);
  collector.record("a", 20);
  await collector.flush().catch(() => {});
  fail(null);
  await collector.drain();
  expect(written).toEqual([new Map([["a", 20]])]);
});

test("the last use is known before it is written", async () => {
  const { collector } = createCollector();
  expect(collector.latestMs("a", null)).toBeNull();
  expect(collector.latestMs("a", 5)).toBe(5);
  collector.record("a", 10);
  expect(collector.latestMs("a", null)).toBe(10);
  expect(collector.latestMs("a", 20)).toBe(20);
  await collector.drain();
  expect(collector.latestMs("a", null)).toBeNull();
});

test("a use is noted on the entry that was used, whichever of a token's entries that is", async () => {
  const { collector, cache, written } = createCollector();
  const before = cache.store(credentialKey("a"), entryOf("a"));
  collector.note(before);
  const after = cache.store(credentialKey("another key"), entryOf("a"));
  for (const entry of [before, after, before, after]) collector.note(entry);
  collector.record("b", 10);
  expect(collector.latestMs("a", null)).toBe(1_000);
  await collector.flush();
  expect(collector.latestMs("a", null)).toBeNull();
  collector.note(before);
  collector.record("a", 20);
  await collector.flush();
  expect(written).toEqual([
    new Map([
      ["a", 1_000],
      ["b", 10],
    ]),
    new Map([["a", 1_000]]),
  ]);
});

test("the last use of a token that the cache has dropped is known until it is written", async () => {
  const { collector, cache, written, fail } = createCollector();
  for (const drop of [
    () => cache.forget({ kind: "user", tokenId: null, userId: "user" }),
    () => cache.clear(),
  ]) {
    collector.note(cache.store(credentialKey("a"), entryOf("a")));
    cache.store(credentialKey("unused"), entryOf("unused"));
    drop();
    expect(cache.ofToken("a")).toBeUndefined();
    expect(collector.latestMs("a", 5)).toBe(1_000);
    fail(new Error("full disk"));
    await collector.flush().catch(() => {});
    expect(collector.latestMs("a", 5)).toBe(1_000);
    fail(null);
    await collector.drain();
    expect(collector.latestMs("a", 5)).toBe(5);
  }
  expect(written).toEqual([new Map([["a", 1_000]]), new Map([["a", 1_000]])]);
});

test("a failed batch leaves its cached entries free to be noted again", async () => {
  const { collector, cache, written, fail } = createCollector();
  const entry = cache.store(credentialKey("a"), entryOf("a"));
  collector.note(entry);
  fail(new Error("full disk"));
  await collector.flush().catch(() => {});
  expect(collector.latestMs("a", null)).toBe(1_000);
  collector.note(entry);
  fail(null);
  await collector.drain();
  collector.note(entry);
  await collector.drain();
  expect(written).toEqual([new Map([["a", 1_000]]), new Map([["a", 1_000]])]);
});

test("neither uses of cached tokens nor others keep the other kind waiting", async () => {
  const { collector, cache, written } = createCollector(1_000);
  for (let index = 0; index < 300; index += 1) {
    collector.note(cache.store(credentialKey(idOf(index)), entryOf(idOf(index))));
    collector.record(`uncached-${index}`);
  }
  await collector.flush();
  const kinds = [...(written[0]?.keys() ?? [])].map((id) => id.startsWith("uncached"));
  expect(kinds.filter((isUncached) => isUncached)).toHaveLength(50);
  expect(kinds).toHaveLength(100);
});

test("a row of the cache that another token has taken meanwhile is no use of that token", async () => {
  const { collector, cache, written } = createCollector(1);
  const gone = cache.store(credentialKey("a"), entryOf("a"));
  collector.note(gone);
  cache.store(credentialKey("b"), entryOf("b"));
  collector.note(gone);
  await collector.drain();
  expect(written).toEqual([new Map([["a", 1_000]])]);
});
