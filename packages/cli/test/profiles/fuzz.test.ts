import { expect, test } from "bun:test";

import { fuzzConfig } from "./fuzz.ts";

// 100,000 files: `bun scripts/fuzz-config.ts`.
test("pitfall 12: mutated files are refused by place and kept, or changed without a loss", async () => {
  const { refused, changed } = await fuzzConfig(2_000);
  expect(refused).toBeGreaterThan(500);
  expect(changed).toBeGreaterThan(50);
}, 60_000);
