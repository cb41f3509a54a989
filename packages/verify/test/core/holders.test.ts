import { expect, test } from "bun:test";
import { createHolderRegistry } from "../../src/core/holders.ts";
import type { LogSource, Member } from "../../src/core/log-source.ts";
import { createMemberWatch } from "../../src/core/members.ts";
import type { Clock } from "../../src/core/types.ts";

function createClock() {
  const time = { ms: 0 };
  return { time, clock: { monotonicMs: () => time.ms, wallMs: () => time.ms } };
}

/** The watch of a node whose timers never ring. */
function createWatch(clock: Clock, source: Partial<LogSource> = {}) {
  const timers = { set: () => ({ cancel: () => {} }) };
  const edge = { clock, timers, random: () => 0.5 };
  return createMemberWatch(edge, 1000, source as LogSource, () => {});
}

test("low is the least row that a running lease may be at", () => {
  const { time, clock } = createClock();
  const holders = createHolderRegistry(clock, 1000);
  holders.grant("a", 5, 900);
  holders.grant("b", 7, 900);
  expect(holders.low(9)).toBe(5);
  holders.prove("a", 8);
  expect(holders.low(9)).toBe(7);
  holders.grantReset("b", 9, 900);
  expect(holders.low(9)).toBe(7);
  holders.reset();
  expect(holders.low(9)).toBe(0);
  time.ms = 949;
  holders.forgetEnded();
  expect(holders.count()).toBe(2);
  time.ms = 950;
  holders.forgetEnded();
  expect([holders.count(), holders.low(9)]).toEqual([0, 9]);
});

test("a holder that left is neither waited for nor granted anything any more", () => {
  const { time, clock } = createClock();
  const holders = createHolderRegistry(clock, 1000);
  expect(holders.grant("a", 5, 900)).toBe(true);
  holders.release("a");
  expect(holders.low(9)).toBe(9);
  expect(holders.grant("a", 9, 900)).toBe(false);
  expect(holders.count()).toBe(0);
  time.ms = 1000;
  holders.forgetEnded();
  expect(holders.grant("a", 9, 900)).toBe(true);
});

test("a member's row goes when it is unchanged for two bounds, by when it was asked for", () => {
  const { time, clock } = createClock();
  const removed: unknown[] = [];
  const source: Pick<LogSource, "removeMember"> = {
    removeMember: (...row) => {
      removed.push(row.slice(0, 2));
      return Promise.resolve();
    },
  };
  const watch = createWatch(clock, source);
  const member: Member = { incarnation: "m", beat: 1, low: 0, holders: 0 };
  watch.observe([member], 0);
  // The answer was asked for long before it was read: the process had been stopped.
  time.ms = 3000;
  watch.observe([member], 100);
  expect(removed).toEqual([]);
  watch.observe([{ ...member, beat: 2 }], 2900);
  time.ms = 5100;
  watch.observe([{ ...member, beat: 2 }], 5100);
  expect(removed).toEqual([["m", 2]]);
});

test("whose lease ran out while it was waited for is a known holder, and has not confirmed", async () => {
  const watch = createWatch(createClock().clock);
  const member: Member = { incarnation: "m", beat: 1, low: 1, holders: 1 };
  const waited = watch.wait(2, 0);
  watch.observe([member], 0);
  watch.observe([{ ...member, beat: 2, low: 2, holders: 0 }], 0);
  expect(await waited).toEqual({ proof: "confirmed", waitedMs: 0, confirmed: 1, holders: 2 });
});

test("who comes while others are waited for is counted too", async () => {
  const watch = createWatch(createClock().clock);
  const member: Member = { incarnation: "m", beat: 1, low: 1, holders: 1 };
  const waited = watch.wait(2, 0);
  watch.observe([member], 0);
  watch.observe([{ ...member, beat: 2, low: 2, holders: 2 }], 0);
  expect(await waited).toMatchObject({ proof: "confirmed", confirmed: 3, holders: 3 });
});
