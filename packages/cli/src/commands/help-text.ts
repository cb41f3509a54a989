import { EXIT_MEANINGS, type ExitCode } from "../exit-codes.ts";
import type { AnyCommand, Option, Options, Result } from "./command.ts";
import { placeholderOf, type Found } from "./find-command.ts";
import { flagOf, GLOBAL_OPTIONS } from "./global-options.ts";
import { GROUP_SUMMARIES, type IndexEntry } from "./registry.ts";

/** Everything that help, the manual and the reference say of one command. */
export interface CommandHelp {
  readonly command: string;
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly description: string | null;
  readonly usage: string;
  readonly arguments: readonly HelpRow[];
  readonly options: readonly HelpRow[];
  readonly examples: readonly { readonly line: string; readonly says: string }[];
  readonly exit_codes: readonly { readonly code: ExitCode; readonly meaning: string }[];
  readonly environment: readonly HelpRow[];
}

/** A name and what it is. */
export interface HelpRow {
  readonly name: string;
  readonly summary: string;
}

const VARIABLES: Readonly<Record<string, string>> = {
  CONCH_TOKEN: "the API token to use; no profile or config file needed",
  CONCH_TOKEN_FILE: "a file that holds the API token to use",
  CONCH_PROFILE: "the profile to use",
  CONCH_ENV: "production (default), staging or development",
  CONCH_URL: "the API's URL where the environment is development",
  CONCH_CONFIG: "the config file (~/.conch.json)",
  NO_COLOR: "no colours",
  HTTPS_PROXY: "the proxy to https:// servers; HTTP_PROXY and ALL_PROXY likewise",
  NO_PROXY: "hosts that are reached without a proxy",
  NODE_EXTRA_CA_CERTS: "a file of further certificate authorities; SSL_CERT_FILE likewise",
};

/** The global options as rows. */
export const GLOBAL_ROWS: readonly HelpRow[] = optionRows(GLOBAL_OPTIONS);

function optionRows(options: Options): HelpRow[] {
  return Object.entries(options).map(([key, option]) => ({
    name: spellings(key, option),
    summary: option.summary,
  }));
}

function spellings(key: string, option: Option): string {
  const names = [`--${flagOf(key)}`, ...(option.alias === undefined ? [] : [`--${option.alias}`])];
  if (option.short !== undefined) names.unshift(`-${option.short}`);
  return names.join(", ") + (option.value === undefined ? "" : ` ${option.value}`);
}

/** A path as it is shown, placeholders in capitals: `admin user USER token rm`. */
function shownPath(path: string): string {
  return path.replace(/<(\w+)>/gu, (_, name: string) => name.toUpperCase());
}

function usageOf(entry: IndexEntry, command: AnyCommand): string {
  const captured = new Set(entry.segments.map(placeholderOf));
  const words = Object.entries(command.arguments ?? {})
    .filter(([name]) => !captured.has(name))
    .map(([name, { optional, variadic }]) => {
      const word = name.toUpperCase() + (variadic === true ? "..." : "");
      return optional === true || variadic === true ? `[${word}]` : word;
    });
  const options = Object.keys(command.options ?? {}).length === 0 ? [] : ["[options]"];
  return ["conch", shownPath(entry.path), ...words, ...options].join(" ");
}

/** Collects the help of a command. */
export function commandHelp(entry: IndexEntry, command: AnyCommand): CommandHelp {
  return {
    command: shownPath(entry.path),
    aliases: entry.aliases,
    summary: entry.summary,
    description: command.description ?? null,
    usage: usageOf(entry, command),
    arguments: Object.entries(command.arguments ?? {}).map(([name, { summary }]) => ({
      name: name.toUpperCase(),
      summary,
    })),
    options: optionRows(command.options ?? {}),
    examples: command.examples.map(({ line, says }) => ({ line: `conch ${line}`, says })),
    exit_codes: ([0, 1, 2, ...command.exitCodes, 130] as const).map((code) => ({
      code,
      meaning: EXIT_MEANINGS[code],
    })),
    environment: command.environment.map((name) => ({ name, summary: VARIABLES[name] ?? "" })),
  };
}

function rowsText(rows: readonly HelpRow[]): string {
  const width = Math.max(...rows.map(({ name }) => name.length));
  return rows
    .map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`.trimEnd())
    .join("\n");
}

function section(title: string, rows: readonly HelpRow[]): string {
  return rows.length === 0 ? "" : `\n\n${title}:\n${rowsText(rows)}`;
}

function commandText(help: CommandHelp): string {
  const aliases = help.aliases.length === 0 ? "" : `\n\nAliases: ${help.aliases.join(", ")}`;
  const examples = help.examples.map(({ line, says }) => `  # ${says}\n  ${line}`).join("\n");
  const codes = help.exit_codes.map(({ code, meaning }) => ({ name: `${code}`, summary: meaning }));
  return [
    help.summary,
    help.description === null ? "" : `\n\n${help.description}`,
    `\n\nUsage: ${help.usage}`,
    aliases,
    section("Arguments", help.arguments),
    section("Options", help.options),
    section("Global options, anywhere", GLOBAL_ROWS),
    `\n\nExamples:\n${examples}`,
    section("Exit codes", codes),
    section("Environment", help.environment),
  ].join("");
}

/** What a group holds: commands, and groups below it. */
function groupRows(depth: number, entries: readonly IndexEntry[]): HelpRow[] {
  return entries.map((entry) => {
    const { path, summary, segments } = entry;
    const aliases = segments.length === depth + 1 ? entry.aliases : [];
    return {
      name: shownPath(path),
      summary: summary + (aliases.length === 0 ? "" : ` (${aliases.join(", ")})`),
    };
  });
}

function groupHelp(path: readonly string[], entries: readonly IndexEntry[]): Result {
  const line = shownPath(["conch", ...path].join(" "));
  const summary =
    GROUP_SUMMARIES[path.join(" ")] ?? "API tokens for people and the machines that work for them";
  const commands = groupRows(path.length, entries);
  return {
    json: {
      command: shownPath(path.join(" ")),
      summary,
      commands: commands.map(({ name: command, summary }) => ({ command, summary })),
      options: GLOBAL_ROWS,
    },
    text: [
      `${summary}\n\nUsage: ${line} COMMAND`,
      section("Commands", commands),
      section("Global options, anywhere", GLOBAL_ROWS),
      `\n\nconch help COMMAND shows examples, exit codes and environment variables of a command.`,
    ].join(""),
  };
}

/**
 * The help for a line as far as it was understood; `null` where a command was begun, not finished,
 * and no help was asked for.
 */
export async function helpFor(
  found: Found,
  commands: readonly IndexEntry[],
): Promise<Result | null> {
  if (found.entry !== null) {
    const { command } = await found.entry.load();
    const help = commandHelp(found.entry, command);
    return { json: help, text: commandText(help) };
  }
  const isAsked = found.rest.some((word) => word === "--help" || word === "-h");
  if (!isAsked && found.path.length > 0) return null;
  return groupHelp(found.path, found.path.length === 0 ? commands : found.candidates);
}
