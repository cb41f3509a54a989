import { expect, test } from "bun:test";
import { createFeed, type FeedRequest } from "../../src/core/feed.ts";
import { createHints } from "../../src/core/hints.ts";
import { createHistory } from "../../src/core/history.ts";
import { createHolderRegistry } from "../../src/core/holders.ts";
import type { NodeLease } from "../../src/core/node-lease.ts";
import type { ChangeSubject, Hint } from "../../src/core/types.ts";

const HEAD = { epoch: "e", seq: 5, uid: "u5" };
const POLL: FeedRequest = { holder: "h", poll: 1, cursor: HEAD, hold: true };

function subject(id: string): ChangeSubject {
  return { kind: "token", tokenId: id, userId: null };
}

function hint(seq: number): Hint {
  return { seq, ...subject(`t${seq}`) };
}

function createNode() {
  const clock = { monotonicMs: () => 0, wallMs: () => 0 };
  const edge = { clock, timers: { set: () => ({ cancel: () => {} }) }, random: () => 0.5 };
  const history = createHistory({ onChange: () => feed.notify(), onReset: () => {} });
  const lease = { isLive: () => true, leftMs: () => 900, noteHolders: () => {} };
  const holders = createHolderRegistry(clock, 1000);
  const feed = createFeed(edge, 1000, lease as unknown as NodeLease, history, holders);
  history.reset(HEAD);
  const told: ChangeSubject[] = [];
  const poll = () => feed.answer(POLL, (change) => told.push(change));
  return { feed, history, holders, told, poll };
}

test("a hint reaches an answer that is held back, and proves nothing", async () => {
  const { feed, history, holders, told, poll } = createNode();
  const answering = poll();
  await Bun.sleep(0);
  holders.grant("h", HEAD.seq, 900);
  feed.hint(hint(6));
  feed.hint(hint(6));
  expect(told).toEqual([subject("t6")]);
  expect([holders.low(9), history.cursor()]).toEqual([HEAD.seq, HEAD]);
  const { seq, ...change } = hint(6);
  history.apply([{ seq, uid: "u6", ...change }]);
  expect(await answering).toMatchObject({ from: HEAD, rows: [{ seq: 6 }], head: { seq: 6 } });
  expect(holders.low(9)).toBe(HEAD.seq);
});

test("a verifier that asks before the rows have come is told too, and none after that", async () => {
  const { feed, history, told, poll } = createNode();
  feed.hint(hint(6));
  const answering = poll();
  await Bun.sleep(0);
  expect(told).toEqual([subject("t6")]);
  history.apply([{ uid: "u6", ...hint(6) }]);
  await answering;
  feed.hint(hint(6));
  void feed.answer({ ...POLL, cursor: { ...HEAD, seq: 6, uid: "u6" } }, (change) =>
    told.push(change),
  );
  await Bun.sleep(0);
  expect(told).toHaveLength(1);
});

test("of a storm of hints a verifier is told the first, until rows come", async () => {
  const { feed, history, told, poll } = createNode();
  void poll();
  await Bun.sleep(0);
  for (let seq = 6; seq < 1_006; seq += 1) feed.hint(hint(seq));
  expect(told).toHaveLength(16);
  history.apply([{ uid: "u6", ...hint(6) }]);
  void feed.answer({ ...POLL, cursor: { ...HEAD, seq: 6, uid: "u6" } }, (change) =>
    told.push(change),
  );
  await Bun.sleep(0);
  feed.hint(hint(2_000));
  expect(told).toHaveLength(17);
});

test("hints are remembered by what they name, and the last of them only", () => {
  const hints = createHints();
  hints.add(subject("old"));
  const from = hints.count();
  expect(hints.nameSince(from, "old", "u")).toBe(false);
  hints.add(subject("t"));
  hints.add({ kind: "user", tokenId: null, userId: "u" });
  expect(hints.nameSince(from, "t", "other")).toBe(true);
  expect(hints.nameSince(from, "other", "u")).toBe(true);
  expect(hints.nameSince(from, "other", "other")).toBe(false);
  expect(hints.nameSince(from + 1, "t", "other")).toBe(false);
  for (let count = 0; count < 100; count += 1) hints.add(subject("many"));
  expect(hints.nameSince(from, "t", "other")).toBe(false);
  hints.add({ kind: "all", tokenId: null, userId: null });
  expect(hints.nameSince(hints.count() - 1, "any", "any")).toBe(true);
});
