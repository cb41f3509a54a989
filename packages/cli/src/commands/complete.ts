import { feature } from "bun:bundle";
import { createCommandContext, type CommandContext } from "../command-context.ts";
import type { Context } from "../context.ts";
import { splitCommand } from "../profiles/split-command.ts";
import type { AnyCommand, Completion, Option } from "./command.ts";
import { findCommand, placeholderOf, type Found } from "./find-command.ts";
import { flagOf, GLOBAL_OPTIONS } from "./global-options.ts";
import { parseLine } from "./parse.ts";
import type { IndexEntry } from "./registry.ts";

/** A shell waits for this: a server that is slower than this offers nothing. */
const TIMEOUT_SECONDS = "2";

/**
 * The candidates as bash wants them: without what stands before the fragment of the last word that it
 * replaces, which begins anew at `@` and `=`. The fragment is as it was typed, quotes included.
 */
export function afterFragment(
  candidates: readonly string[],
  typed: string,
  fragment: string,
): string[] {
  // Where nothing follows one of the marks, bash calls that mark the fragment.
  const isMark = /^[=:@]+$/u.test(fragment);
  const plain = isMark ? "" : (wordsOf(`conch ${fragment}`).at(-1) ?? "");
  const offset = typed.endsWith(plain) ? typed.length - plain.length : 0;
  return candidates.map((candidate) => candidate.slice(offset));
}

/** The words of a line as far as the cursor; the last is the one to complete, perhaps empty. */
export function wordsOf(line: string): readonly string[] {
  // A mark at the cursor tells a space that ends a word from one within quotes.
  const ends = ["x", 'x"', "x'"];
  const [words] = ends.map((end) => splitCommand(line + end)).filter((found) => found !== null);
  return (words ?? [])
    .map((word, index, { length }) => (index === length - 1 ? word.slice(0, -1) : word))
    .slice(1);
}

/**
 * What can stand in the place of the last word. Never fails and never asks: where something is wrong
 * with the line, or a server does not answer, there is nothing to offer.
 */
export async function complete(
  context: Context,
  commands: readonly IndexEntry[],
  words: readonly string[],
): Promise<string[]> {
  const before = words.slice(0, -1);
  const current = words.at(-1) ?? "";
  try {
    const candidates = await candidatesFor(context, commands, before, current);
    // One a line: what holds a line break, or a tab, would be two for the shell.
    return candidates.filter((text) => text.startsWith(current) && !/\p{Cc}/u.test(text));
  } catch {
    return [];
  }
}

async function candidatesFor(
  context: Context,
  commands: readonly IndexEntry[],
  before: readonly string[],
  current: string,
): Promise<readonly string[]> {
  const waiting = optionOf(before.at(-1) ?? "", GLOBAL_OPTIONS);
  const isValue = waiting?.value !== undefined;
  const found = findCommand(isValue ? before.slice(0, -1) : before, commands);
  const command = found.entry === null ? null : (await found.entry.load()).command;
  const options = { ...GLOBAL_OPTIONS, ...command?.options };
  const option = isValue ? waiting : optionOf(before.at(-1) ?? "", options);
  const source = { context, commands, found, command };
  if (option?.value !== undefined) return valuesOf(source, option.choices ?? option.complete);
  const inline = /^(--[\w-]+=)/u.exec(current)?.[1];
  if (inline !== undefined) {
    const named = optionOf(inline.slice(0, -1), options);
    const values = await valuesOf(source, named?.choices ?? named?.complete);
    return values.map((value) => inline + value);
  }
  if (current.startsWith("-")) return Object.entries(options).flatMap(spellings);
  if (command === null) return nextWords(found);
  return valuesOf(source, await argumentCompletion(found, command));
}

function spellings([key, option]: [string, Option]): string[] {
  return [`--${flagOf(key)}`, ...(option.alias === undefined ? [] : [`--${option.alias}`])];
}

function optionOf(word: string, options: Readonly<Record<string, Option>>): Option | undefined {
  const entry = Object.entries(options).find(
    ([key, option]) => spellings([key, option]).includes(word) || word === `-${option.short}`,
  );
  return entry?.[1];
}

function nextWords({ path, candidates }: Found): string[] {
  const words = candidates.map((entry) => entry.segments[path.length] ?? "");
  return [...new Set(words)].filter((word) => placeholderOf(word) === null);
}

/** What the argument is that comes next, after those that are there. */
async function argumentCompletion(
  { captured, rest }: Found,
  command: AnyCommand,
): Promise<Completion | undefined> {
  const open = Object.entries(command.arguments ?? {}).filter(
    ([name]) => !Object.hasOwn(captured, name),
  );
  const lenient = { ...command, arguments: { words: { summary: "", variadic: true as const } } };
  const { args } = await parseLine(lenient, {}, rest);
  const given = Array.isArray(args["words"]) ? args["words"].length : 0;
  return open[given]?.[1].complete;
}

interface Source {
  readonly context: Context;
  readonly commands: readonly IndexEntry[];
  readonly found: Found;
  readonly command: AnyCommand | null;
}

async function valuesOf(
  source: Source,
  completion: Completion | undefined,
): Promise<readonly string[]> {
  if (completion === undefined || completion === "files") return [];
  if (typeof completion !== "string") return completion;
  const context = await contextOf(source);
  if (completion === "profiles") return profileNames(context);
  if (completion === "tokens") return tokenNames(context);
  return feature("DISABLE_ADMIN_FUNCTIONS")
    ? []
    : userTokenNames(context, source.found.captured["user"] ?? "");
}

/** The context that the line would run in, so that its `--profile` and `--config` count. */
async function contextOf({ context, commands, found, command }: Source): Promise<CommandContext> {
  const lenient = {
    options: command?.options ?? {},
    arguments: { words: { summary: "", variadic: true as const } },
  };
  const { globals } = await parseLine(lenient, {}, found.rest);
  const quiet = { ...globals, timeout: TIMEOUT_SECONDS, json: true, debug: false, trace: false };
  return createCommandContext(context, quiet, commands);
}

async function profileNames(context: CommandContext): Promise<string[]> {
  const { openProfiles } = await import("../profile-access.ts");
  const { profiles } = await openProfiles(context).store.read();
  return profiles.map(({ name }) => name);
}

async function tokenNames(context: CommandContext): Promise<string[]> {
  const [{ connect }, { listMyTokens }] = await Promise.all([
    import("../connect.ts"),
    import("@conch/contract/token"),
  ]);
  const { client } = await connect(context);
  const { body } = await client.call(listMyTokens, {});
  return body.map(({ name }) => name);
}

async function userTokenNames(context: CommandContext, user: string): Promise<string[]> {
  const [{ connect }, { listUserTokens }, { userInPath }] = await Promise.all([
    import("../connect.ts"),
    import("@conch/contract/token"),
    import("../user-id.ts"),
  ]);
  const { client } = await connect(context);
  const { body } = await client.call(listUserTokens, { params: { user: userInPath(user) } });
  return body.map(({ name }) => name);
}
