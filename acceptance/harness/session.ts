/** What a console session says: commands, and what each of them is to answer. */

/** One command of a session, with what it is to print. */
export interface Step {
  /** Line of the command in its file, from 1. */
  readonly line: number;
  /** As it would be typed, lines joined by line feeds. */
  readonly command: string;
  /** Lines to expect, as written, without the exit code's. */
  readonly expected: readonly string[];
  /** 0 unless a last line `[exit N]` says otherwise. */
  readonly exitCode: number;
  /** Where the expected lines stand in the file: first and one past the last, from 0. */
  readonly range: readonly [from: number, to: number];
}

/** A session file, read. */
export interface Session {
  readonly steps: readonly Step[];
  /** Words after `<!-- conch: `, such as `no server`. */
  readonly directives: ReadonlySet<string>;
}

/** A session that cannot be understood; the message names file and line. */
export class SessionSyntaxError extends Error {
  override readonly name = "SessionSyntaxError";
}

const PROMPT = "$ ";
const CONTINUED = "> ";
const EXIT = /^\[exit (\d+)\]$/;
const DIRECTIVE = /^<!-- conch: (.+) -->$/;
const FENCE = /^\s*(?:```|~~~)/;

/**
 * Reads the console blocks of a Markdown file: fenced blocks marked `console`, and the same hidden
 * from readers between lines `<!-- console` and `-->`.
 *
 * @param name of the file, for errors.
 * @throws SessionSyntaxError
 */
export function parseSession(text: string, name: string): Session {
  const lines = text.split("\n");
  const steps: Step[] = [];
  const directives = new Set<string>();
  let end: ((line: string) => boolean) | undefined;
  let inCode = false;
  let start = 0;
  for (const [index, line] of lines.entries()) {
    if (end !== undefined) {
      if (!end(line)) continue;
      steps.push(...parseBlock(lines, start, index, name));
      end = undefined;
      continue;
    }
    if (inCode) {
      if (line.startsWith(PROMPT)) {
        throw new SessionSyntaxError(
          `${name}:${index + 1}: a command with its prompt stands in a block that is not marked console`,
        );
      }
      inCode = !FENCE.test(line);
      continue;
    }
    const directive = DIRECTIVE.exec(line)?.[1];
    if (directive !== undefined) directives.add(directive);
    start = index + 1;
    if (line === "```console") end = (candidate) => candidate === "```";
    else if (line === "<!-- console") end = (candidate) => candidate === "-->";
    else inCode = FENCE.test(line);
  }
  if (end !== undefined) throw new SessionSyntaxError(`${name}:${start}: this block has no end`);
  return { steps, directives };
}

function parseBlock(lines: readonly string[], from: number, to: number, name: string): Step[] {
  const steps: Step[] = [];
  let index = from;
  while (index < to) {
    const first = lines[index] ?? "";
    if (!first.startsWith(PROMPT)) {
      throw new SessionSyntaxError(`${name}:${index + 1}: expected a command ("$ ")`);
    }
    const line = index + 1;
    const command = [first.slice(PROMPT.length)];
    index += 1;
    while (index < to && (lines[index] ?? "").startsWith(CONTINUED)) {
      command.push((lines[index] ?? "").slice(CONTINUED.length));
      index += 1;
    }
    const outputFrom = index;
    while (index < to && !(lines[index] ?? "").startsWith(PROMPT)) index += 1;
    const output = lines.slice(outputFrom, index);
    const exit = EXIT.exec(output.at(-1) ?? "")?.[1];
    steps.push({
      line,
      command: command.join("\n"),
      expected: exit === undefined ? output : output.slice(0, -1),
      exitCode: Number(exit ?? 0),
      range: [outputFrom, index],
    });
  }
  return steps;
}
