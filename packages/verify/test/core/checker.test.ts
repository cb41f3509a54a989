/** When a token expires, by two clocks that may disagree: the earlier one wins. */
import { describe, expect, test } from "bun:test";
import { createChecker } from "../../src/core/checker.ts";
import { createEntryCache } from "../../src/core/entry-cache.ts";
import { createHints } from "../../src/core/hints.ts";
import type { Key } from "../../src/core/key.ts";
import { createHistory } from "../../src/core/history.ts";
import type { Lease } from "../../src/core/node-lease.ts";
import type { Decision, LookUpResult } from "../../src/core/types.ts";
import { keyOf } from "../keys.ts";

const HEAD = { epoch: "e", seq: 1, uid: "u1" };
const KEY = keyOf("key");
const WALL_MS = 1_700_000_000_000;
const LIFE_MS = 10_000;

const EXPIRED: Decision = { outcome: "invalid", reason: "expired" };
const OK = { outcome: "ok" };

/** A checker with a lease that does not end, on clocks that stand still. */
function setUp(more: Partial<LookUpResult> = {}) {
  const now = { monotonicMs: 5000, wallMs: WALL_MS };
  const clock = { monotonicMs: () => now.monotonicMs, wallMs: () => now.wallMs };
  const history = createHistory({ onChange: () => {}, onReset: () => {} });
  history.reset(HEAD);
  const lease: Lease = {
    mark: () => ({ ...now }),
    isLive: () => true,
    isLiveAt: () => true,
    leftMs: () => 1000,
    ageMs: () => 0,
    ensure: async () => true,
    reach: async () => true,
    close: () => {},
  };
  const record = {
    tokenId: "t",
    kind: "api" as const,
    tokenName: "t",
    rights: "full" as const,
    createdAtMs: WALL_MS,
    expiresAtMs: WALL_MS + LIFE_MS,
    passwordChangeRequired: false,
    user: { id: "u", email: "", name: "", isAdmin: false },
  };
  const hints = createHints();
  let lookUps = 0;
  const checker = createChecker<null>({
    clock,
    lease,
    history,
    cache: createEntryCache(10),
    hints,
    lookUpsMax: 1,
    async lookUp() {
      lookUps += 1;
      return { position: HEAD, record, keepMs: 0, ...more };
    },
  });
  const pass = (monotonicMs: number, wallMs = monotonicMs): void => {
    now.monotonicMs += monotonicMs;
    now.wallMs += wallMs;
  };
  const checkKey = (key: Key) => checker.check(key, null);
  return { check: () => checkKey(KEY), checkKey, pass, hints, lookUps: () => lookUps };
}

describe("a cached token expires", () => {
  test("to the millisecond, and is not looked up again", async () => {
    const { check, pass, lookUps } = setUp();
    expect(await check()).toMatchObject(OK);
    pass(LIFE_MS - 1);
    expect(await check()).toMatchObject(OK);
    pass(1);
    expect(await check()).toEqual(EXPIRED);
    expect(lookUps()).toBe(1);
  });

  test("by the time that was left, although the wall clock was set back", async () => {
    const { check, pass } = setUp();
    expect(await check()).toMatchObject(OK);
    pass(LIFE_MS - 1, -3_600_000);
    expect(await check()).toMatchObject(OK);
    pass(1, 0);
    expect(await check()).toEqual(EXPIRED);
  });

  test("by the wall clock, although less time has passed: it was set, or the machine slept", async () => {
    const { check, pass } = setUp();
    expect(await check()).toMatchObject(OK);
    pass(1, LIFE_MS);
    expect(await check()).toEqual(EXPIRED);
  });

  test("by what the answer says is left, where a node's clock differs from this one's", async () => {
    const { check, pass } = setUp({ expiresInMs: 100 });
    expect(await check()).toMatchObject(OK);
    pass(99);
    expect(await check()).toMatchObject(OK);
    pass(1);
    expect(await check()).toEqual(EXPIRED);
  });
});

test("a key that is written over while its look-up runs is still that of the token", async () => {
  const { checkKey, lookUps } = setUp();
  const key = KEY.slice();
  const checked = checkKey(key);
  key.set(keyOf("another"));
  expect(await checked).toMatchObject(OK);
  expect(await checkKey(KEY)).toMatchObject(OK);
  expect(lookUps()).toBe(1);
});

test("what a look-up read before a hint named it is read once more", async () => {
  const { check, hints, lookUps } = setUp();
  hints.add({ kind: "token", tokenId: "t", userId: null });
  const checked = check();
  hints.add({ kind: "token", tokenId: "another", userId: null });
  expect(await checked).toMatchObject(OK);
  expect(lookUps()).toBe(1);
  const overtaken = setUp();
  const again = overtaken.check();
  overtaken.hints.add({ kind: "user", tokenId: null, userId: "u" });
  expect(await again).toMatchObject(OK);
  expect(overtaken.lookUps()).toBe(2);
});
