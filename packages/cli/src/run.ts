import { BUILD_COMMANDS } from "./commands/index.ts";
import { CLIENT_VERSION, versionText } from "./build.ts";
import { createCommandContext, type CommandContext } from "./command-context.ts";
import { CommandError, usageError } from "./command-error.ts";
import type { Result } from "./commands/command.ts";
import {
  findCommand,
  hasSwitch,
  listInstead,
  placeholderOf,
  typedPath,
  type Found,
} from "./commands/find-command.ts";
import { parseLine } from "./commands/parse.ts";
import type { Context } from "./context.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { showError } from "./output/errors.ts";
import { toJson } from "./output/json.ts";
import { errorCodeOf } from "./profiles/file-system.ts";
import { describeFailure } from "./profiles/file-text.ts";
import { createMasker } from "./profiles/mask.ts";
import { createStyle, printableLines, type Style } from "./output/style.ts";

/** Runs one command line: parses, runs, prints, and says how it went. */
export async function runConch(context: Context): Promise<ExitCode> {
  // Before the line is read, as far as errors in reading it must be printed.
  let isJson = wantsJson(context.argv);
  let running: CommandContext | null = null;
  try {
    if (context.argv[0] === "__complete" || context.argv[0] === "__complete-line") {
      return await printCompletions(context, context.argv);
    }
    checkArgv(context.argv);
    const found = findCommand(context.argv, BUILD_COMMANDS);
    if (hasSwitch(found.rest, "--version") && !hasSwitch(found.rest, "--help", "-h")) {
      await print(context, isJson, plainStyle(context), versionResult());
      return EXIT.done;
    }
    if (found.entry === null || hasSwitch(found.rest, "--help", "-h")) {
      const { helpFor } = await import("./commands/help-text.ts");
      const help = await helpFor(found, BUILD_COMMANDS);
      if (help === null) throw incomplete(found);
      await print(context, isJson, plainStyle(context), help);
      return EXIT.done;
    }
    const { command } = await found.entry.load();
    const { globals, args, options } = await parseLine(command, found.captured, found.rest);
    isJson = globals.json;
    const commandContext: CommandContext = createCommandContext(context, globals, BUILD_COMMANDS);
    running = commandContext;
    const result = await Promise.race([
      command.run({ args, options }, commandContext),
      commandContext.interruption,
    ]);
    await commandContext.diagnosed();
    await print(context, isJson, commandContext.style, result);
    if (result.failure !== undefined) throw result.failure;
    return EXIT.done;
  } catch (error) {
    return printError(context, isJson, running, error);
  }
}

/** The runtime puts U+FFFD for what is not UTF-8: that would be another name than the one typed. */
function checkArgv(argv: readonly string[]): void {
  const index = argv.findIndex((word) => word.includes("\uFFFD"));
  if (index === -1) return;
  // Not shown: it may be a secret.
  throw usageError(
    `argument ${index + 1} holds bytes that are not UTF-8`,
    "nothing was done; is the terminal's encoding UTF-8?",
  );
}

/** For the scripts of `conch completion`: what can stand in the place of the last word, one a line. */
async function printCompletions(
  context: Context,
  [mode, ...words]: readonly string[],
): Promise<ExitCode> {
  const { afterFragment, complete, wordsOf } = await import("./commands/complete.ts");
  const isLine = mode === "__complete-line";
  const line = isLine ? wordsOf(words[0] ?? "") : words;
  const typed = line.at(-1) ?? "";
  const candidates = await complete(context, BUILD_COMMANDS, line);
  const fragment = isLine ? words[1] : undefined;
  const shown = fragment === undefined ? candidates : afterFragment(candidates, typed, fragment);
  await writeAnswer(context, shown.join("\n"));
  return EXIT.done;
}

function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  const words = argv.slice(0, end === -1 ? undefined : end);
  return words.some((word) => word === "--json" || (word.startsWith("-") && /^-h*j/u.test(word)));
}

function plainStyle(context: Context): Style {
  const { stdout, widthOf } = context;
  return createStyle({
    color: false,
    widthOf,
    columns: () => stdout.columns,
    nowMs: context.nowMs(),
  });
}

function versionResult(): Result {
  return { json: { version: CLIENT_VERSION }, text: versionText() };
}

function incomplete(found: Found) {
  const { path, candidates, captured } = found;
  const next = [...new Set(candidates.map((entry) => entry.segments[path.length] ?? ""))];
  const line = ["conch", ...typedPath(found)].join(" ");
  // `admin user list`, where `list` was taken for a user.
  const value = captured[placeholderOf(path.at(-1) ?? "") ?? ""] ?? "";
  const list = listInstead(value, { path: path.slice(0, -1), captured }, BUILD_COMMANDS);
  return usageError(
    `"${line}" is not a whole command: one of ${next.join(", ")} is missing after it`,
    list === null ? `${line} --help shows what each does` : `did you mean "${list}"?`,
  );
}

async function print(
  context: Context,
  isJson: boolean,
  style: Style,
  result: Result,
): Promise<void> {
  const { json, jsonText, text } = result;
  const shown = isJson ? (jsonText ?? toJson(json)) : typeof text === "string" ? text : text(style);
  await writeAnswer(context, shown, result.ifLost);
}

async function writeAnswer(context: Context, text: string, ifLost?: string): Promise<void> {
  if (text === "") return;
  try {
    await context.stdout.writeLine(text);
  } catch (error) {
    // A reader that went away (`| head -1`) has seen what it wanted.
    if (errorCodeOf(error) === "EPIPE" && ifLost === undefined) return;
    throw new CommandError(
      EXIT.failed,
      "answer_lost",
      `the answer could not be written to stdout: ${describeFailure(error)}`,
      ifLost ?? "what the command did is done; only its answer is lost",
      { cause: error },
    );
  }
}

async function printError(
  context: Context,
  isJson: boolean,
  running: CommandContext | null,
  error: unknown,
): Promise<ExitCode> {
  await running?.diagnosed();
  const { exitCode, code, message, hint } = showError(error);
  // Servers and files may repeat in a text what they were given.
  const masker = running?.masker ?? createMasker();
  const shown = { code, message: await masker.text(message), hint };
  if (isJson) {
    context.stderr.writeLine(
      toJson({
        error: shown,
        notes: await Promise.all((running?.notes ?? []).map((note) => masker.text(note))),
      }),
    );
  } else {
    context.stderr.writeLine(`error: ${printableLines(shown.message)}`);
    if (hint !== null && hint !== "") context.stderr.writeLine(`hint: ${printableLines(hint)}`);
  }
  return exitCode;
}
