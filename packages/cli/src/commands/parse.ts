import { usageError } from "../command-error.ts";
import type { AnyCommand, Option } from "./command.ts";
import { flagOf, GLOBAL_OPTIONS, type GlobalValues } from "./global-options.ts";
import { nearest } from "./suggest.ts";

/** A command line, read. */
export interface Parsed {
  readonly globals: GlobalValues;
  readonly args: Readonly<Record<string, unknown>>;
  readonly options: Readonly<Record<string, unknown>>;
}

interface Known {
  readonly key: string;
  readonly option: Option;
  readonly isGlobal: boolean;
}

/**
 * Reads what follows a command's path: its options and the global ones in any order, then its
 * arguments. Lines are split by the platform's `parseArgs`; what is allowed is checked here, so that
 * every error can name what was meant.
 *
 * @throws CommandError `usage`
 */
export async function parseLine(
  command: Pick<AnyCommand, "arguments" | "options">,
  captured: Readonly<Record<string, string>>,
  rest: readonly string[],
): Promise<Parsed> {
  const known = rest.length === 0 ? new Map<string, Known>() : knownOptions(command.options ?? {});
  const tokens = rest.length === 0 ? [] : await split(rest, known);
  const globals: Record<string, unknown> = defaults(GLOBAL_OPTIONS);
  const options: Record<string, unknown> = defaults(command.options ?? {});
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const found = known.get(token.name);
    if (found === undefined) throw unknownOption(token.rawName, known);
    (found.isGlobal ? globals : options)[found.key] = valueOf(token, found.option, known);
  }
  return {
    globals: globals as GlobalValues,
    args: assign(command.arguments ?? {}, captured, words),
    options,
  };
}

/** Loads the parser, which is half a millisecond that a line without words does without. */
async function split(rest: readonly string[], known: ReadonlyMap<string, Known>) {
  const { parseArgs } = await import("node:util");
  const options = Object.fromEntries(
    [...known].map(([name, { option }]) => [
      name,
      {
        type: option.value === undefined ? ("boolean" as const) : ("string" as const),
        ...(option.short === undefined ? {} : { short: option.short }),
      },
    ]),
  );
  const config = { args: [...rest], options, strict: false, allowPositionals: true, tokens: true };
  return parseArgs(config as typeof config & { tokens: true }).tokens;
}

function knownOptions(options: Readonly<Record<string, Option>>): Map<string, Known> {
  const known = new Map<string, Known>();
  const add = (key: string, option: Option, isGlobal: boolean) => {
    known.set(flagOf(key), { key, option, isGlobal });
    if (option.alias !== undefined) {
      const { short: _, ...withoutShort } = option;
      known.set(option.alias, { key, option: withoutShort, isGlobal });
    }
  };
  for (const [key, option] of Object.entries(GLOBAL_OPTIONS)) add(key, option, true);
  for (const [key, option] of Object.entries(options)) add(key, option, false);
  return known;
}

function defaults(options: Readonly<Record<string, Option>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options).map(([key, { value }]) => [
      key,
      value === undefined ? false : undefined,
    ]),
  );
}

function valueOf(
  token: {
    readonly rawName: string;
    readonly value?: string | undefined;
    readonly inlineValue?: boolean | undefined;
  },
  option: Option,
  known: ReadonlyMap<string, Known>,
): string | true {
  const { rawName, inlineValue } = token;
  // `-p=ci`, as many tools have it.
  const isShort = inlineValue === true && !rawName.startsWith("--");
  const value = isShort ? token.value?.replace(/^=/u, "") : token.value;
  if (option.value === undefined) {
    if (value === undefined) return true;
    throw usageError(`${rawName} takes no value`);
  }
  if (value === undefined) throw usageError(`${rawName} needs a value: ${rawName} ${option.value}`);
  if (
    inlineValue !== true &&
    value.startsWith("--") &&
    known.has(value.slice(2).split("=")[0] ?? "")
  ) {
    throw usageError(
      `${rawName} needs a value, and is followed by the option ${value}`,
      `where that is meant to be the value, write ${rawName}=${value}`,
    );
  }
  checkChoice(rawName, value, option.choices);
  return value;
}

function checkChoice(what: string, value: string, choices: readonly string[] | undefined): void {
  if (choices === undefined || choices.includes(value)) return;
  const meant = nearest(value, choices);
  throw usageError(
    `${what} must be one of ${choices.join(", ")}, not "${value}"`,
    meant === null ? null : `did you mean "${meant}"?`,
  );
}

function unknownOption(rawName: string, known: ReadonlyMap<string, Known>) {
  const meant = rawName.startsWith("--") ? nearest(rawName.slice(2), known.keys()) : null;
  return usageError(
    `unknown option "${rawName}"`,
    meant === null ? "--help lists the options of a command" : `did you mean "--${meant}"?`,
  );
}

function assign(
  specs: NonNullable<AnyCommand["arguments"]>,
  captured: Readonly<Record<string, string>>,
  words: readonly string[],
): Record<string, unknown> {
  const args: Record<string, unknown> = {};
  let next = 0;
  for (const [name, spec] of Object.entries(specs)) {
    if (Object.hasOwn(captured, name)) {
      args[name] = captured[name];
    } else if (spec.variadic === true) {
      args[name] = words.slice(next);
      next = words.length;
    } else {
      const word = words[next];
      if (word !== undefined) checkChoice(name.toUpperCase(), word, spec.choices);
      args[name] = word;
      next += 1;
      if (next > words.length && spec.optional !== true) {
        throw usageError(`missing argument ${name.toUpperCase()}: ${spec.summary}`);
      }
    }
  }
  const extra = words[next];
  if (extra !== undefined) {
    throw usageError(`unexpected argument "${extra}"`, "quote values that hold spaces");
  }
  return args;
}
