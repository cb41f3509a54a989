import { expect, test } from "bun:test";
import { CommandError } from "../src/command-error.ts";
import { parseExpiry } from "../src/expiry.ts";

const NOW_MS = Date.parse("2026-11-23T18:41:07.250Z");

test.each([
  ["90d", "2027-02-21T18:41:07.250Z"],
  ["12h", "2026-11-24T06:41:07.250Z"],
  ["15m", "2026-11-23T18:56:07.250Z"],
  ["2w", "2026-12-07T18:41:07.250Z"],
  ["1y", "2027-11-23T18:41:07.250Z"],
  ["2026-11-23", "2026-11-23T23:59:59.999Z"],
  ["2028-02-29", "2028-02-29T23:59:59.999Z"],
  ["2027-01-31T12:00:00+02:00", "2027-01-31T10:00:00.000Z"],
  ["2027-01-31T12:00Z", "2027-01-31T12:00:00.000Z"],
])("%s is %s", (text, expected) => {
  expect(parseExpiry(text, NOW_MS)).toBe(expected);
});

test.each([
  [""],
  ["0d"],
  ["-1d"],
  ["90"],
  ["d"],
  ["1.5d"],
  ["tomorrow"],
  ["2026-11-22"],
  ["2027-02-29"],
  ["2027-13-01"],
  ["2027-01-31T12:00"],
  ["9999999d"],
])("%p is refused", (text) => {
  expect(() => parseExpiry(text, NOW_MS)).toThrow(CommandError);
});
