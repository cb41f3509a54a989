import { expect, test } from "bun:test";

import { crashWriters } from "./crash.ts";

// 1,000 kills: `bun scripts/crash-config.ts`.
test("killed at any moment, two writers leave a whole file with every acknowledged change", async () => {
  const { kills } = await crashWriters(30);
  expect(kills).toBe(30);
}, 60_000);
