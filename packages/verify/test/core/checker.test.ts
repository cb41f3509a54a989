/** The decision: when a token expires by two clocks that may disagree, and look-ups of both kinds. */
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

/** A checker with a lease that does not end by itself, on clocks that stand still. */
function setUp(more: Partial<LookUpResult> = {}, looksUpInBatch = false, lookUpsMax = 1) {
  const now = { monotonicMs: 5000, wallMs: WALL_MS };
  const batch: ((result: LookUpResult | null) => void)[] = [];
  let isLive = true;
  let renewals = 0;
  const clock = { monotonicMs: () => now.monotonicMs, wallMs: () => now.wallMs };
  const history = createHistory({ onChange: () => {}, onReset: () => {} });
  history.reset(HEAD);
  const lease: Lease = {
    mark: () => ({ ...now }),
    isLive: () => isLive,
    isLiveAt: () => isLive,
    leftMs: () => 1000,
    ageMs: () => 0,
    async ensure() {
      renewals += 1;
      return (isLive = true);
    },
    reach: async () => true,
    seek: async () => true,
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
    lookUpsMax,
    async lookUp() {
      lookUps += 1;
      return { position: HEAD, record, keepMs: 0, ...more };
    },
    ...(looksUpInBatch && { lookUpInBatch: (_, receive) => batch.push(receive) }),
  });
  let batched = 0;
  const answerNow = (): LookUpResult | null => ({
    position: history.cursor() ?? HEAD,
    record,
    keepMs: 1000,
    ...more,
  });
  const answerBatch = (answer = answerNow): void => {
    for (const receive of batch.splice(0)) {
      batched += 1;
      receive(answer());
    }
  };
  const pass = (monotonicMs: number, wallMs = monotonicMs): void => {
    now.monotonicMs += monotonicMs;
    now.wallMs += wallMs;
  };
  const checkKey = async (key: Key) => checker.decide(key) ?? checker.check(key, null);
  return {
    check: () => checkKey(KEY),
    checkKey,
    pass,
    history,
    hints,
    answerBatch,
    endLease: () => (isLive = false),
    lookUps: () => lookUps,
    batched: () => batched,
    renewals: () => renewals,
  };
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

describe("a look-up in a batch", () => {
  const UNAVAILABLE: Decision = { outcome: "unavailable" };
  const revocation = (seq: number) => ({
    seq,
    uid: `u${seq}`,
    kind: "token" as const,
    tokenId: "t",
    userId: null,
  });

  test("is asked for once more, and no more, by all others that ask for the same token", async () => {
    const { check, answerBatch, batched, lookUps } = setUp({}, true, 2);
    const checked = Promise.all([check(), check(), check()]);
    answerBatch();
    expect(await checked).toMatchObject([OK, OK, OK]);
    expect([batched(), lookUps()]).toEqual([1, 1]);
    expect(await check()).toMatchObject(OK);
    expect([batched(), lookUps()]).toEqual([1, 1]);
  });

  test("beyond so many at once is unavailable, without a question", async () => {
    const { check, checkKey, answerBatch, batched } = setUp({}, true);
    const checked = check();
    expect(await checkKey(keyOf("another"))).toEqual(UNAVAILABLE);
    answerBatch();
    expect(await checked).toMatchObject(OK);
    const another = checkKey(keyOf("another"));
    answerBatch();
    expect(await another).toMatchObject(OK);
    expect(batched()).toBe(2);
  });

  test("is kept by the key that was asked for, whatever is written over it", async () => {
    const { checkKey, answerBatch, batched } = setUp({}, true);
    const key = KEY.slice();
    const checked = checkKey(key);
    key.set(keyOf("another"));
    answerBatch();
    expect(await checked).toMatchObject(OK);
    expect(await checkKey(KEY)).toMatchObject(OK);
    expect(batched()).toBe(1);
  });

  test("that fails leaves it unknown whether the token is good, and is not repeated", async () => {
    const { check, answerBatch, lookUps } = setUp({}, true);
    const checked = check();
    answerBatch(() => null);
    expect(await checked).toEqual(UNAVAILABLE);
    expect(lookUps()).toBe(0);
  });

  test("that finds nothing is remembered from when it was asked for", async () => {
    const { check, answerBatch, pass, batched } = setUp({ record: null }, true);
    const unknown: Decision = { outcome: "invalid", reason: "unknown" };
    const checked = check();
    pass(400);
    answerBatch();
    expect(await checked).toEqual(unknown);
    pass(599);
    expect(await check()).toEqual(unknown);
    expect(batched()).toBe(1);
    pass(1);
    const again = check();
    answerBatch();
    expect(await again).toEqual(unknown);
    expect(batched()).toBe(2);
  });

  test("of a state that a change has overtaken decides nothing: it is looked up again", async () => {
    const { check, answerBatch, history, lookUps } = setUp({ position: HEAD }, true);
    const checked = check();
    history.apply([revocation(2)]);
    answerBatch();
    expect(await checked).toEqual(UNAVAILABLE);
    expect(lookUps()).toBeGreaterThan(0);
  });

  test("is of no use to what a hint has named since it was asked for", async () => {
    const { check, answerBatch, hints, lookUps } = setUp({}, true);
    const checked = check();
    hints.add({ kind: "token", tokenId: "t", userId: null });
    answerBatch();
    expect(await checked).toMatchObject(OK);
    expect(lookUps()).toBe(1);
  });

  test("of a state that is not applied yet decides nothing before it is", async () => {
    const { check, answerBatch, lookUps } = setUp(
      { position: { epoch: "e", seq: 2, uid: "u2" } },
      true,
    );
    const checked = check();
    answerBatch();
    expect(await checked).toEqual(UNAVAILABLE);
    expect(lookUps()).toBeGreaterThan(0);
  });

  test("decides nothing where the lease has ended meanwhile", async () => {
    const { check, answerBatch, endLease, renewals } = setUp({}, true);
    const checked = check();
    endLease();
    answerBatch();
    expect(await checked).toMatchObject(OK);
    expect(renewals()).toBe(1);
  });

  test("is not begun without a lease: the renewal goes first", async () => {
    const { check, endLease, renewals, batched } = setUp({}, true);
    endLease();
    expect(await check()).toMatchObject(OK);
    expect([renewals(), batched()]).toEqual([1, 0]);
  });
});
