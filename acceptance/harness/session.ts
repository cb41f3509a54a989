/** What a console session says: commands, and what each of them is to answer. */

/** One command of a session, with what it is to print. */
export interface Step {
  /** Line of the command in its file, from 1. */
  readonly line: number;
  /** What the file says before it, since the command before; headings and paragraphs. */
  readonly introduction: string;
  /** Hidden from readers. */
  readonly isHidden: boolean;
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
  /** Programs of the machine that the session cannot do without: `<!-- conch: needs nginx -->`. */
  readonly needs: readonly string[];
}

/** A session that cannot be understood; the message names file and line. */
export class SessionSyntaxError extends Error {
  override readonly name = "SessionSyntaxError";
}

const PROMPT = "$ ";
const CONTINUED = "> ";
const EXIT = /^\[exit (\d+)\]$/;
const DIRECTIVE = /^<!-- conch: (.+) -->$/;
const HIDDEN_END = "-->";
/** First line of a block that is run → its last. */
const BLOCKS: Readonly<Record<string, string>> = {
  "```console": "```",
  "<!-- console": HIDDEN_END,
};
/** A block that is put into the current directory before what follows it is run. */
const FILE = /^```\w+ file=([\w.-]+)$/;
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
  let prose: string[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    const directive = DIRECTIVE.exec(line)?.[1];
    const last = BLOCKS[line];
    if (directive !== undefined) {
      directives.add(directive);
    } else if (last !== undefined) {
      const end = lines.indexOf(last, index + 1);
      if (end === -1) throw new SessionSyntaxError(`${name}:${index + 1}: no end of this block`);
      const isHidden = last === HIDDEN_END;
      const introduction = prose.join("\n").trim();
      for (const step of parseBlock(lines, index + 1, end, name)) {
        const isFirst = step.line === index + 2;
        steps.push({ ...step, isHidden, introduction: isFirst ? introduction : "" });
      }
      if (!isHidden) prose = [];
      index = end;
    } else if (FILE.test(line)) {
      const end = lines.indexOf("```", index + 1);
      steps.push(fileStep(lines, index, end, FILE.exec(line)?.[1] ?? ""));
      index = end;
    } else if (FENCE.test(line)) {
      index = skipCode(lines, index, name);
    } else {
      prose.push(line);
    }
  }
  const needs = [...directives].flatMap((directive) =>
    directive.startsWith("needs ") ? directive.split(" ").slice(1) : [],
  );
  return { steps, directives, needs };
}

/** Writes a block's lines to a file, as a reader would. */
function fileStep(lines: readonly string[], from: number, end: number, name: string): Step {
  const content = lines.slice(from + 1, end);
  return {
    line: from + 1,
    introduction: "",
    isHidden: true,
    command: [`cat >${name} <<'end of the file'`, ...content, "end of the file"].join("\n"),
    expected: [],
    exitCode: 0,
    range: [from + 1, from + 1],
  };
}

/** The last line of a block that is not run. A prompt in it is surely meant to be. */
function skipCode(lines: readonly string[], from: number, name: string): number {
  for (let index = from + 1; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    if (FENCE.test(line)) return index;
    if (line.startsWith(PROMPT)) {
      throw new SessionSyntaxError(
        `${name}:${index + 1}: a command with its prompt stands in a block that is not marked console`,
      );
    }
  }
  return lines.length;
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
      introduction: "",
      isHidden: false,
      command: command.join("\n"),
      expected: exit === undefined ? output : output.slice(0, -1),
      exitCode: Number(exit ?? 0),
      range: [outputFrom, index],
    });
  }
  return steps;
}
