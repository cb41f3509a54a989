import { expect, test } from "bun:test";
import { createToken } from "@conch/contract";
import { createVerifyHandler } from "../src/http/verify-handler.ts";
import { createVerificationCounts } from "../src/services/verification-counts.ts";

test("what cannot be known is not asked for again: each time takes the patience of a renewal", async () => {
  let checks = 0;
  const counts = createVerificationCounts();
  const handle = createVerifyHandler({
    node: {
      checker: {
        decide: () => null,
        async check() {
          checks += 1;
          return { outcome: "unavailable" };
        },
      },
    },
    usage: { note() {} },
    counts,
    getsAnswered: { count: 0 },
    headsAnswered: { count: 0 },
    collectYoungGarbage() {},
    clock: { monotonicMs: () => 0 },
    requestIdOf: () => "id",
    refuse: async (_request, _connections, { status }) => new Response(null, { status }),
    general: () => new Response(null, { status: 500 }),
  });
  const token = createToken((count) => new Uint8Array(count));
  const headers = { authorization: `Bearer ${token}` };
  const request = new Request("http://localhost/verify", { headers });
  const answer = await handle(request, { requestIP: () => null });
  expect([answer.status, checks]).toEqual([503, 1]);
  const counted = counts.entries().filter(({ count }) => count > 0);
  expect(counted).toEqual([{ outcome: "unavailable", source: "database", count: 1 }]);
});

test("garbage is collected after so many requests, not after each", async () => {
  let collections = 0;
  const handle = createVerifyHandler({
    node: { checker: { decide: () => null, check: async () => ({ outcome: "unavailable" }) } },
    usage: { note() {} },
    counts: createVerificationCounts(),
    getsAnswered: { count: 0 },
    headsAnswered: { count: 0 },
    collectYoungGarbage: () => (collections += 1),
    clock: { monotonicMs: () => 0 },
    requestIdOf: () => "id",
    refuse: async () => new Response(),
    general: () => new Response(),
  });
  const request = new Request("http://localhost/verify");
  for (let count = 0; count < 10_000; count += 1) {
    await handle(request, { requestIP: () => null });
  }
  expect(collections).toBe(2);
});
