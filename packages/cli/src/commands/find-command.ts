import { usageError } from "../command-error.ts";
import { flagOf, GLOBAL_OPTIONS } from "./global-options.ts";
import { aliasesAt, type IndexEntry } from "./registry.ts";
import { nearest, synonym } from "./suggest.ts";

/** A command line, its command found and not yet read further. */
export interface Found {
  /** `null` where the words end before a command does; `candidates` are then what could follow. */
  readonly entry: IndexEntry | null;
  readonly candidates: readonly IndexEntry[];
  /** The words of the path as they are documented, aliases resolved: `user token create`. */
  readonly path: readonly string[];
  /** Values that stand within the path: `user` of `admin user USER get`. */
  readonly captured: Readonly<Record<string, string>>;
  /** All that is not part of the path, in order. */
  readonly rest: readonly string[];
}

/** The global options by each of their spellings; most lines have none before the command. */
function globalFlags(): Map<string, { readonly takesValue: boolean }> {
  return new Map(
    Object.entries(GLOBAL_OPTIONS).flatMap(([key, option]) => {
      const names = [`--${flagOf(key)}`];
      if ("alias" in option) names.push(`--${option.alias}`);
      if ("short" in option) names.push(`-${option.short}`);
      return names.map((name) => [name, { takesValue: "value" in option }] as const);
    }),
  );
}

/** Whether a word is a global switch (`--help`), for what must work on any line. */
export function hasSwitch(rest: readonly string[], ...names: string[]): boolean {
  const end = rest.indexOf("--");
  return rest.slice(0, end === -1 ? undefined : end).some((word) => names.includes(word));
}

/**
 * Finds the command of a line. Global options may stand before and between its words, each with its
 * value, so that no value is taken for a word of the path; after the path everything belongs to the
 * command.
 *
 * @throws CommandError `usage` for words and options that do not exist, naming the nearest.
 */
export function findCommand(argv: readonly string[], index: readonly IndexEntry[]): Found {
  let candidates = index;
  const path: string[] = [];
  const captured: Record<string, string> = {};
  const rest: string[] = [];
  let position = 0;
  while (position < argv.length) {
    const complete = commandOf(candidates, path.length);
    if (complete !== undefined) {
      rest.push(...argv.slice(position));
      return { entry: complete, candidates: [], path, captured, rest };
    }
    const word = argv[position] ?? "";
    position += 1;
    if (word === "--") continue;
    if (word.startsWith("-") && word.length > 1) {
      rest.push(word);
      if (!needsNextWord(word)) continue;
      const value = argv[position];
      if (value === undefined) throw usageError(`${word} needs a value`);
      rest.push(value);
      position += 1;
      continue;
    }
    const step = descend(candidates, path.length, word);
    if (step === null && word === "help" && path.length > 0) {
      rest.push("--help");
      continue;
    }
    if (step === null) throw unknownWord(word, path, captured, candidates, index);
    candidates = step.candidates;
    path.push(step.segment);
    if (step.captures !== null) captured[step.captures] = word;
  }
  const entry = commandOf(candidates, path.length) ?? null;
  return { entry, candidates: entry === null ? candidates : [], path, captured, rest };
}

/** `<user>` in a path stands for any word. */
export function placeholderOf(segment: string): string | null {
  return segment.length > 2 && segment.startsWith("<") && segment.endsWith(">")
    ? segment.slice(1, -1)
    : null;
}

// Loops in these two: see `createIndex`.

/** The command whose path has so many words; there is one at most among those that begin alike. */
function commandOf(candidates: readonly IndexEntry[], length: number): IndexEntry | undefined {
  for (const entry of candidates) if (entry.segments.length === length) return entry;
  return undefined;
}

function withSegment(candidates: readonly IndexEntry[], depth: number, segment: string) {
  const found: IndexEntry[] = [];
  for (const entry of candidates) if (entry.segments[depth] === segment) found.push(entry);
  return found;
}

function descend(candidates: readonly IndexEntry[], depth: number, word: string) {
  const step = (segment: string, captures: string | null) => ({
    candidates: withSegment(candidates, depth, segment),
    segment,
    captures,
  });
  if (placeholderOf(word) === null && withSegment(candidates, depth, word).length > 0) {
    return step(word, null);
  }
  const aliased = candidates.find((entry) => aliasesAt(entry, depth).includes(word));
  const open = candidates.find((entry) => placeholderOf(entry.segments[depth] ?? "") !== null);
  const segment = (aliased ?? open)?.segments[depth];
  if (segment === undefined) return null;
  return step(segment, aliased === undefined ? placeholderOf(segment) : null);
}

function needsNextWord(word: string): boolean {
  const flags = globalFlags();
  if (word.startsWith("--")) {
    if (word.includes("=")) return false;
    const flag = flags.get(word);
    if (flag === undefined) throw unknownEarlyOption(word);
    return flag.takesValue;
  }
  for (let index = 1; index < word.length; index += 1) {
    const flag = flags.get(`-${word[index]}`);
    if (flag === undefined) throw unknownEarlyOption(word);
    if (flag.takesValue) return index === word.length - 1;
  }
  return false;
}

function unknownEarlyOption(word: string) {
  const meant = nearest(word, globalFlags().keys());
  return usageError(
    `unknown option "${word}" before the command`,
    meant === null
      ? "options of a command stand after its name; conch --help lists those that may stand anywhere"
      : `did you mean "${meant}"?`,
  );
}

function unknownWord(
  word: string,
  path: readonly string[],
  captured: Found["captured"],
  candidates: readonly IndexEntry[],
  index: readonly IndexEntry[],
) {
  const words = new Set(candidates.flatMap((entry) => namesAt(entry, path.length)));
  const meant = synonym(word, words) ?? nearest(word, words);
  const typed = typedPath({ path, captured });
  const line = ["conch", ...typed].join(" ");
  const whole =
    meant === null ? listInstead(word, { path, captured }, index) : [...typed, meant].join(" ");
  return usageError(
    `unknown command "${word}" after "${line}"`,
    whole === null ? `${line} --help lists the commands` : `did you mean "${whole}"?`,
  );
}

/** Lists have a word of their own here: `user tokens` for who typed `user token ls`. `null` where there is none. */
export function listInstead(
  word: string,
  group: Pick<Found, "path" | "captured">,
  index: readonly IndexEntry[],
): string | null {
  const isList = synonym(word, ["list"]) !== null;
  const list = `${group.path.join(" ")}s`;
  if (!isList || !index.some(({ path }) => path === list)) return null;
  return `${typedPath(group).join(" ")}s`;
}

function namesAt(entry: IndexEntry, depth: number): string[] {
  const segment = entry.segments[depth];
  return segment === undefined ? [] : [segment, ...aliasesAt(entry, depth)];
}

/** The words of a path with the values that stood within it. */
export function typedPath({ path, captured }: Pick<Found, "path" | "captured">): string[] {
  return path.map((word) => captured[placeholderOf(word) ?? ""] ?? word);
}
