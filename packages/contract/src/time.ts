/** Conversions between the wire's texts and milliseconds since the epoch. Reads no clock. */

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

const HTTP_DATE =
  /^[A-Z][a-z]+,? (?:\d\d [A-Z][a-z]{2} \d{4}|\d\d-[A-Z][a-z]{2}-\d\d|[A-Z][a-z]{2} [ \d]\d) \d\d:\d\d:\d\d(?: GMT| \d{4})$/u;

/** A date of a header in any of the three forms of RFC 9110 section 5.6.7; `null` where it is none. */
export function parseHttpDate(text: string): number | null {
  if (!HTTP_DATE.test(text)) return null;
  // The form of C's `asctime` names no zone.
  return parseTimestamp(text.endsWith("GMT") ? text : `${text} GMT`);
}
