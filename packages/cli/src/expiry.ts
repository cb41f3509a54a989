import { parseTimestamp, toTimestamp } from "@conch/contract/time";
import { usageError } from "./command-error.ts";

const UNITS_MS: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000,
};

/** The end of the year 9999: what follows has no RFC 3339 text. */
const LAST_MS = 253_402_300_799_999;

/**
 * When something expires, from what a person types: a length of time (`90d`, `12h`, `2w`, `1y`) or
 * a date or time in RFC 3339. A date alone is the end of that day, in UTC: it is the last day on
 * which the token works.
 *
 * @returns the time for the wire
 * @throws CommandError `usage`
 */
export function parseExpiry(text: string, nowMs: number): string {
  const ms = lengthOf(text, nowMs) ?? timeOf(text);
  if (ms === null) {
    throw usageError(
      `"${text}" says no time`,
      "give a length of time such as 12h, 90d, 2w or 1y, or a date such as 2027-01-31",
    );
  }
  if (ms <= nowMs) throw usageError(`"${text}" is in the past`);
  if (ms > LAST_MS) throw usageError(`"${text}" is too far away: years have four digits`);
  return toTimestamp(ms);
}

function lengthOf(text: string, nowMs: number): number | null {
  const match = /^(\d{1,6})([mhdwy])$/u.exec(text);
  const unitMs = UNITS_MS[match?.[2] ?? ""];
  return match === null || unitMs === undefined ? null : nowMs + Number(match[1]) * unitMs;
}

function timeOf(text: string): number | null {
  if (/^\d{4}-\d{2}-\d{2}$/u.test(text)) {
    const ms = parseTimestamp(`${text}T23:59:59.999Z`);
    return ms !== null && toTimestamp(ms).startsWith(text) ? ms : null;
  }
  const isTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/u.test(text);
  return isTime ? parseTimestamp(text) : null;
}
