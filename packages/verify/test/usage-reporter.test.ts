import { expect, test } from "bun:test";
import { USES_MAX, type UsageReport } from "@conch/contract";
import { createEntryCache } from "../src/core/entry-cache.ts";
import { createUsageReporter } from "../src/usage-reporter.ts";
import { keyOf } from "./keys.ts";

const INTERVAL_MS = 2_000;

/** A reporter with timers that are fired by hand; each report takes a millisecond. */
function setUp() {
  let nowMs = 1_000;
  const timers: { readonly callback: () => void; readonly delayMs: number }[] = [];
  const reports: UsageReport[] = [];
  let during = (): void | Promise<void> => {};
  const cache = createEntryCache(100_000);
  const edge = {
    clock: { monotonicMs: () => nowMs, wallMs: () => nowMs },
    timers: {
      set(callback: () => void, delayMs: number) {
        timers.push({ callback, delayMs });
        return { cancel() {} };
      },
    },
    random: () => 0.5,
  };
  const reporter = createUsageReporter(edge, cache, INTERVAL_MS, async (report) => {
    nowMs += 1;
    reports.push(report);
    await during();
  });
  function use(token: string): void {
    const entry = cache.store(keyOf(token), {
      tokenId: token,
      kind: "api",
      tokenName: "ci",
      rights: "full",
      createdAtMs: 0,
      expiresAtMs: 4e12,
      expiresAtMonotonicMs: 4e12,
      passwordChangeRequired: false,
      user: { id: "user", email: "", name: "", isAdmin: false },
      seq: 1,
      generation: 1,
    });
    reporter.note(entry);
  }
  async function fire(): Promise<number> {
    const [timer] = timers.splice(0, 1);
    timer?.callback();
    await new Promise(setImmediate);
    return timer?.delayMs ?? Number.NaN;
  }
  const onReport = (callback: () => void | Promise<void>): void => {
    during = callback;
  };
  return { use, fire, reports, onReport, close: () => reporter.close() };
}

test("a busy token is in one report an interval", async () => {
  const { use, fire, reports, onReport } = setUp();
  onReport(() => use("busy"));
  for (let count = 0; count < 1_000; count += 1) use("busy");
  expect([await fire(), await fire()]).toEqual([INTERVAL_MS, INTERVAL_MS]);
  expect(reports.map(({ uses }) => uses.length)).toEqual([1, 1]);
});

test("closing waits for the report under way, and sends again what was not heard", async () => {
  const { use, fire, reports, onReport, close } = setUp();
  const underWay = Promise.withResolvers<void>();
  use("first");
  onReport(() => underWay.promise);
  await fire();
  let isClosed = false;
  const closed = close().then(() => (isClosed = true));
  await new Promise(setImmediate);
  expect([reports.length, isClosed]).toEqual([1, false]);
  onReport(() => {});
  underWay.reject(new Error("not heard"));
  await closed;
  expect(reports.map(({ uses }) => uses.map(({ token_id: id }) => id))).toEqual([
    ["first"],
    ["first"],
  ]);
});

test("what the server will not take at once is reported in parts: it may limit a body to less", async () => {
  const { use, fire, reports, onReport } = setUp();
  const taken = new Set<string>();
  onReport(() => {
    const ids = reports.at(-1)?.uses.map(({ token_id: id }) => id) ?? [];
    if (ids.length > 300) throw new Error("413");
    for (const id of ids) taken.add(id);
  });
  for (let token = 0; token < 2_000; token += 1) use(`t${token}`);
  for (let count = 0; count < 50 && taken.size < 2_000; count += 1) await fire();
  expect(taken.size).toBe(2_000);
});

test("a server that was away gets whole reports again", async () => {
  const { use, fire, reports, onReport } = setUp();
  onReport(() => {
    throw new Error("away");
  });
  use("first");
  for (let count = 0; count < 20; count += 1) await fire();
  onReport(() => {});
  for (let token = 0; token < 100 * USES_MAX; token += 1) use(`t${token}`);
  for (let count = 0; count < 100; count += 1) await fire();
  expect(reports.at(-1)?.uses.length).toBe(USES_MAX);
});

test("a backlog is reported without waiting for the interval, also while tokens are in use", async () => {
  const { use, fire, reports, onReport } = setUp();
  for (let token = 0; token < USES_MAX + 10; token += 1) use(`${token}`);
  onReport(() => use("another"));
  expect(await fire()).toBe(INTERVAL_MS);
  expect(await fire()).toBeLessThan(INTERVAL_MS);
  expect(reports.map(({ uses }) => uses.length)).toEqual([USES_MAX, 11]);
});
