/** Compares what a command printed with what a session expects, volatile parts aside. */

const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
const TIME = "\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d(?::\\d\\d(?:\\.\\d+)?)?(?: ?(?:Z|UTC))?";

/** Placeholders of a session, and what each stands for. Any other `<word>` is itself. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  token: "conch_[0-9A-Za-z]{38}",
  id: UUID,
  time: TIME,
  fingerprint: "sha256:[0-9a-f]{8,64}",
  date: "\\d{4}-\\d\\d-\\d\\d",
  number: "\\d+(?:\\.\\d+)?",
  duration: "\\d+(?:\\.\\d+)? ?(?:ms|s|milliseconds?|seconds?|minutes?)",
  version: "v?\\d+\\.\\d+\\.\\d+(?:[-+][0-9A-Za-z.-]+)?",
  password: "[!-~]{16,}",
  word: "\\S+",
  any: ".+",
};

/** What is volatile wherever it stands, when a session is written from a run. */
const VOLATILE = ["token", "id", "time", "fingerprint"];

/** Any number of lines, none included. */
const ANY_LINES = "...";

/** Values that a session named with `<token:NAME>`. */
export type Captures = ReadonlyMap<string, string>;

/** The expression that a line of a session stands for. */
function lineExpression(line: string): RegExp {
  const names = new Set<string>();
  const source = line
    .trimEnd()
    .split(/(<[a-z]+(?::[A-Za-z_]\w*)?>|(?<=\S) {2,})/)
    .map((part) => {
      if (/^ {2,}$/.test(part)) return " {2,}";
      const [, kind = "", name] = /^<([a-z]+)(?::(\w+))?>$/.exec(part) ?? [];
      const pattern = Object.hasOwn(PLACEHOLDERS, kind) ? PLACEHOLDERS[kind] : undefined;
      if (pattern === undefined) return RegExp.escape(part);
      if (name === undefined) return `(?:${pattern})`;
      if (names.has(name)) return `\\k<${name}>`;
      names.add(name);
      return `(?<${name}>${pattern})`;
    })
    .join("");
  return new RegExp(`^${source}$`, "u");
}

/**
 * Matches lines against expected ones: placeholders stand for volatile parts, runs of two or more
 * spaces for any such run (columns move with what is in them), `...` alone for any lines.
 *
 * @returns the named values, or `undefined` where the lines do not match.
 */
export function matchLines(
  expected: readonly string[],
  actual: readonly string[],
): Captures | undefined {
  const [first, ...rest] = expected;
  if (first === undefined) return actual.length === 0 ? new Map() : undefined;
  if (first.trimEnd() === ANY_LINES) {
    for (let skipped = 0; skipped <= actual.length; skipped += 1) {
      const captures = matchLines(rest, actual.slice(skipped));
      if (captures !== undefined) return captures;
    }
    return undefined;
  }
  const groups = actual[0] === undefined ? null : lineExpression(first).exec(actual[0].trimEnd());
  if (groups === null) return undefined;
  const captures = matchLines(rest, actual.slice(1));
  if (captures === undefined) return undefined;
  return new Map([...Object.entries(groups.groups ?? {}), ...captures]);
}

/** Writes lines as a session expects them; an old line that still matches stays as it is. */
export function describeLines(actual: readonly string[], old: readonly string[]): string[] {
  return actual.map((line) => {
    const kept = old.find((candidate) => lineExpression(candidate).test(line.trimEnd()));
    if (kept !== undefined) return kept;
    return VOLATILE.reduce(
      (text, kind) =>
        // Followed by spaces it is a cell of a table, whose width is kept.
        text.replace(new RegExp(PLACEHOLDERS[kind] ?? "", "g"), (found, at: number) =>
          text.startsWith("  ", at + found.length) ? `<${kind}>`.padEnd(found.length) : `<${kind}>`,
        ),
      line.trimEnd(),
    );
  });
}
