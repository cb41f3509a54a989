import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { createLeaseClock } from "../../src/core/lease-clock.ts";
import { LEASE } from "../../src/core/node-lease.ts";

const BOUND_MS = 5000;

/** A machine whose clocks tick at `rate`, and whose monotonic clock has stood still for `sleptMs`. */
function createMachine(rate: number) {
  const machine = { trueMs: 0, sleptMs: 0, wallStepMs: 0 };
  const clock = {
    monotonicMs: () => (machine.trueMs - machine.sleptMs) * rate,
    wallMs: () => 1e12 + machine.trueMs * rate + machine.wallStepMs,
  };
  return { machine, lease: createLeaseClock(clock, () => BOUND_MS) };
}

const rates = fc.double({ min: 0.99, max: 1.01, noNaN: true });
const sleeps = fc.double({ min: 0, max: 0.009 * BOUND_MS, noNaN: true });

test("a node's lease, and what a verifier gets of it, end within the bound for any allowed clocks", () => {
  fc.assert(
    fc.property(
      rates,
      rates,
      sleeps,
      sleeps,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (nodeRate, verifierRate, nodeSleptMs, verifierSleptMs, share) => {
        const node = createMachine(nodeRate);
        node.lease.extend(node.lease.mark(), BOUND_MS * LEASE);
        node.machine.trueMs = BOUND_MS * share;
        node.machine.sleptMs = Math.min(nodeSleptMs, node.machine.trueMs);
        const verifier = createMachine(verifierRate);
        verifier.machine.trueMs = node.machine.trueMs;
        const leftMs = node.lease.leftMs();
        // A node without a lease answers 503.
        if (leftMs > 0) verifier.lease.extend(verifier.lease.mark(), leftMs);
        node.machine.trueMs = BOUND_MS;
        verifier.machine.sleptMs = Math.min(verifierSleptMs, BOUND_MS - verifier.machine.trueMs);
        verifier.machine.trueMs = BOUND_MS;
        expect(node.lease.isLive()).toBe(false);
        expect(verifier.lease.isLive()).toBe(false);
      },
    ),
  );
});

test("a longer sleep, and a wall clock that is set, end the lease", () => {
  const { machine, lease } = createMachine(1);
  lease.extend(lease.mark(), BOUND_MS * LEASE);
  machine.trueMs = machine.sleptMs = 60;
  expect(lease.isLive()).toBe(false);
  lease.extend(lease.mark(), BOUND_MS * LEASE);
  expect(lease.isLive()).toBe(true);
  machine.wallStepMs = -60;
  expect(lease.isLive()).toBe(false);
  expect(lease.leftMs()).toBe(0);
});

test("an earlier deadline does not shorten a live lease, and replaces a dead one", () => {
  const { machine, lease } = createMachine(1);
  lease.extend(lease.mark(), 1000);
  lease.extend(lease.mark(), 500);
  expect(lease.leftMs()).toBe(1000);
  machine.trueMs = 1000;
  expect(lease.leftMs()).toBe(0);
  lease.extend(lease.mark(), 500);
  expect(lease.leftMs()).toBe(500);
  lease.end();
  expect(lease.isLive()).toBe(false);
  expect(lease.ageMs()).toBe(Infinity);
});
