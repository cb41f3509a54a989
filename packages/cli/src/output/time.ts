import { parseTimestamp, toTimestamp } from "@conch/contract/time";
import type { Style } from "./style.ts";
import type { Cell } from "./table.ts";

const DAY_MS = 86_400_000;
const EXPIRY_WARNING_MS = 30 * DAY_MS;

/** `2026-11-23 18:41:07Z`; a text that is no time stays as it is. */
export function showTime(text: string | null): string {
  if (text === null) return "never";
  const ms = parseTimestamp(text);
  return ms === null
    ? text
    : toTimestamp(ms)
        .replace("T", " ")
        .replace(/\.\d+Z$/u, "Z");
}

/** An expiry, marked where it is past or within 30 days. */
export function showExpiry(style: Style, text: string | null): Cell {
  const ms = text === null ? null : parseTimestamp(text);
  if (ms === null) return { text: showTime(text) };
  const left = ms - style.nowMs;
  if (left <= 0) return { text: `${showTime(text)} (expired)`, paint: style.red };
  if (left > EXPIRY_WARNING_MS) return { text: showTime(text) };
  return { text: `${showTime(text)} (expires in ${showDuration(left)})`, paint: style.yellow };
}

/** In the largest unit of which there is a whole one: `3 days`, `5 hours`, `12 minutes`, `40 s`. */
function showDuration(ms: number): string {
  const units = [
    [DAY_MS, "day"],
    [3_600_000, "hour"],
    [60_000, "minute"],
  ] as const;
  for (const [unitMs, name] of units) {
    const count = Math.floor(ms / unitMs);
    if (count >= 1) return `${count} ${name}${count === 1 ? "" : "s"}`;
  }
  return `${Math.max(0, Math.floor(ms / 1000))} s`;
}
