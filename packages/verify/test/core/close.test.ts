/** A lease that was closed stays dead, whatever is answered afterwards: nobody waits for it any more. */
import { describe, expect, test } from "bun:test";
import type { FeedAnswer } from "../../src/core/feed.ts";
import type { Committed, LogSlice, LogSource, Renewal } from "../../src/core/log-source.ts";
import { createNode } from "../../src/core/node.ts";
import type { TokenRecord } from "../../src/core/types.ts";
import { createVerifierCore } from "../../src/core/verifier.ts";
import { keyOf } from "../keys.ts";

const HEAD = { epoch: "e", seq: 1, uid: "u1" };
const SLICE: LogSlice = {
  epoch: "e",
  rows: [{ seq: 1, uid: "u1", kind: "all", tokenId: null, userId: null }],
};
const RENEWAL: Committed<Renewal> = {
  value: { isMember: true, slice: SLICE, members: null },
  warning: null,
};
const BOUND_MS = 1000;
const KEY = keyOf("key");
const RECORD: TokenRecord = {
  tokenId: "t",
  kind: "api",
  tokenName: "t",
  rights: "full",
  createdAtMs: 0,
  expiresAtMs: 1e12,
  passwordChangeRequired: false,
  user: { id: "u", email: "", name: "", isAdmin: false },
};

/** Clocks that stand still, and timers of which only those fire that are for the next renewal. */
const EDGE = {
  clock: { monotonicMs: () => 0, wallMs: () => 0 },
  timers: {
    set(callback: () => void, delayMs: number) {
      if (delayMs <= BOUND_MS / 1000) queueMicrotask(callback);
      return { cancel: () => {} };
    },
  },
  random: () => 0.5,
};
const LOOK_UPS = {
  lookUp: () => Promise.resolve({ position: HEAD, record: RECORD, keepMs: 0 }),
  lookUpsMax: 1,
  entriesMax: 10,
};

/** Answers that are given by hand, one after the other. */
function createAnswers<T>() {
  const asked: PromiseWithResolvers<T>[] = [];
  return {
    ask() {
      const answer = Promise.withResolvers<T>();
      asked.push(answer);
      return answer.promise;
    },
    async give(answer: T) {
      asked.shift()?.resolve(answer);
      await Bun.sleep(0);
    },
    waiting: () => asked.length,
  };
}

test("a verifier that is closed while a poll is answered accepts nothing any more", async () => {
  const polls = createAnswers<FeedAnswer>();
  let polled = 0;
  const verifier = createVerifierCore<null>({
    edge: EDGE,
    boundMs: BOUND_MS,
    ...LOOK_UPS,
    poll(request) {
      polled = request.poll;
      return polls.ask();
    },
    holder: "h",
  });
  const answer = (reset: boolean): FeedAnswer => ({
    poll: polled,
    from: reset ? null : HEAD,
    head: HEAD,
    reset,
    rows: [],
    leftMs: 900,
    boundMs: BOUND_MS,
  });
  verifier.start();
  await polls.give(answer(true));
  expect(await verifier.checker.check(KEY, null)).toMatchObject({ outcome: "ok" });
  expect(polls.waiting()).toBe(1);
  verifier.close();
  await polls.give(answer(false));
  expect(verifier.lease.isLive()).toBe(false);
  expect(verifier.cache.size()).toBe(0);
  expect(await verifier.checker.check(KEY, null)).toEqual({ outcome: "unavailable" });
  expect(polls.waiting()).toBe(0);
});

describe("a node that is closed", () => {
  function start() {
    const renewals = createAnswers<Committed<Renewal>>();
    const registrations = createAnswers<Committed<LogSlice>>();
    const source: LogSource = {
      register: () => registrations.ask(),
      renew: () => renewals.ask(),
      removeMember: () => Promise.resolve(),
    };
    const node = createNode<null>({
      edge: EDGE,
      boundMs: BOUND_MS,
      source,
      ...LOOK_UPS,
      createIncarnation: () => "n",
    });
    node.start();
    return { node, renewals, registrations };
  }

  const poll = { holder: "h", poll: 1, cursor: null, hold: false };

  test("while it renews neither accepts anything nor hands out a lease", async () => {
    const { node, renewals, registrations } = start();
    await registrations.give({ value: SLICE, warning: null });
    await renewals.give(RENEWAL);
    expect(await node.checker.check(KEY, null)).toMatchObject({ outcome: "ok" });
    const renewing = node.lease.renew();
    await Bun.sleep(0);
    expect(renewals.waiting()).toBe(1);
    node.close();
    await renewals.give(RENEWAL);
    expect(await renewing).toBe(false);
    expect(node.lease.isLive()).toBe(false);
    expect(node.cache.size()).toBe(0);
    expect(await node.checker.check(KEY, null)).toEqual({ outcome: "unavailable" });
    expect(await node.feed.answer(poll, () => {})).toBeNull();
    expect(node.holders.count()).toBe(0);
  });

  test("while it registers does not begin", async () => {
    const { node, renewals, registrations } = start();
    node.close();
    await registrations.give({ value: SLICE, warning: null });
    await renewals.give(RENEWAL);
    expect(node.lease.isLive()).toBe(false);
  });
});
