/** Conversions between the wire's RFC 3339 texts and milliseconds since the epoch. Reads no clock. */

/** RFC 3339 in UTC with `Z` and milliseconds. */
export function toTimestamp(ms: number): string {
  return new Date(ms).toISOString();
}

/** The same for a time that may never have come. */
export function toTimestampOrNull(ms: number | null): string | null {
  return ms === null ? null : toTimestamp(ms);
}

/** Milliseconds since the epoch, or `null` where the text is no time. */
export function parseTimestamp(text: string): number | null {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}
