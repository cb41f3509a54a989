/** Runs a session file against the real binaries and a server of its own. */
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { testBinaries } from "./binaries.ts";
import { describeLines, matchLines } from "./match.ts";
import { parseSession, type Session, type Step } from "./session.ts";
import { startShell, type CommandResult, type Shell } from "./shell.ts";

/** The address that sessions are written with; the real one replaces it both ways. */
const WRITTEN_ADDRESS = "127.0.0.1:5001";
/** Marks what a command writes to stderr. */
const STDERR_MARK = "2> ";

/** Exit code of the harness's own commands when they fail. */
const HARNESS_FAILURE = 99;

/** The people that a session's server knows. The first is an administrator. */
const PASSWORDS = {
  ada: "violet-anchor-ninety-canoe",
  ben: "marble-otter-twelve-lantern",
  cleo: "copper-window-thirsty-falcon",
} as const;
type UserName = keyof typeof PASSWORDS;

/** How to run a session. */
export interface RunOptions {
  /** stdout and stderr come together, as on a terminal; else stderr lines are marked `2> `. */
  readonly mergeStreams: boolean;
  /** Write what was printed into the file where it differs. */
  readonly update: boolean;
  /** The folder with `conch` and `conchd`, where they are not the tests' own. */
  readonly binaries?: string;
  /** Told of each command before and after it runs. */
  readonly watch?: Watcher;
}

/** Follows a session while it runs. */
export interface Watcher {
  /** @param command with the server's real address. */
  readonly onCommand: (step: Step, command: string) => void;
  readonly onOutput: (result: CommandResult) => void;
}

/** Runs all commands of a session file. @throws Error that shows each command that went wrong. */
export async function runSessionFile(path: string, options: RunOptions): Promise<void> {
  const text = await readFile(path, "utf8");
  const session = parseSession(text, path);
  if (session.steps.length === 0) return;
  const folder = await realpath(await mkdtemp(join(tmpdir(), "conch-session-")));
  try {
    const shell = await openShell(folder, session, options);
    try {
      const outcome = await runSteps(shell, session, options, path);
      if (outcome.replacements.length > 0) {
        await writeFile(path, replaceLines(text, outcome.replacements));
      }
      if (outcome.failure !== undefined) throw new Error(outcome.failure);
    } finally {
      await shell.close();
    }
    await refuseLeaks(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function openShell(folder: string, session: Session, options: RunOptions): Promise<Shell> {
  const [home, data, work] = ["home", "data", "work"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const binaries = options.binaries ?? (await testBinaries());
  const withServer = !session.directives.has("no server");
  await mkdir(home);
  await mkdir(data);
  if (withServer) {
    for (const [name, content] of await serverTemplate()) {
      await writeFile(join(data, name), content, { mode: 0o600 });
    }
  }
  const shell = await startShell({
    work,
    directory: home,
    merge: options.mergeStreams,
    env: {
      ...environment(binaries, data),
      HOME: home,
      CONCH_ENV: "development",
      ...Object.fromEntries(
        Object.entries(PASSWORDS).map(([name, value]) => [`${name.toUpperCase()}_PASSWORD`, value]),
      ),
      SERVER_DATA: data,
    },
  });
  if (withServer) {
    const started = await shell.run("server start");
    if (started.exitCode !== 0) {
      await shell.close();
      throw new Error(started.stdout + started.stderr);
    }
  }
  return shell;
}

/** Where programs of the machine are, those that only root has on its path included. */
export const PATH = [process.env["PATH"] ?? "", "/usr/sbin", "/sbin"].join(delimiter);

/** What the binaries see of the environment: nothing of this machine's settings. */
function environment(binaries: string, data: string): Record<string, string> {
  return {
    PATH: [binaries, PATH].join(delimiter),
    LANG: "C.UTF-8",
    TZ: "UTC",
    CONCHD_DATABASE: `sqlite:${join(data, "conch.db")}`,
  };
}

/** Files by name. */
type Files = ReadonlyMap<string, Uint8Array>;

let template: Promise<Files> | undefined;

/** The data folder of a server that knows the users, made once: each session gets a copy. */
function serverTemplate(): Promise<Files> {
  template ??= makeTemplate();
  return template;
}

async function makeTemplate(): Promise<Files> {
  const folder = await mkdtemp(join(tmpdir(), "conch-template-"));
  try {
    for (const name of Object.keys(PASSWORDS)) await createUser(folder, name as UserName);
    // So that a node that a busy machine holds up does not lose its lease, and begin another.
    await runConchd(folder, ["bound", "25"]);
    const names = await readdir(folder);
    return new Map(
      await Promise.all(
        names.map(async (name) => [name, await readFile(join(folder, name))] as const),
      ),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function createUser(folder: string, name: UserName): Promise<void> {
  const title = `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
  const options = ["--email", `${name}@example.com`, "--name", title, "--password-stdin"];
  const admin = name === "ada" ? ["--admin"] : [];
  await runConchd(folder, ["user", "create", ...options, ...admin], `${PASSWORDS[name]}\n`);
}

async function runConchd(folder: string, words: readonly string[], input = ""): Promise<void> {
  const binaries = await testBinaries();
  const child = Bun.spawn([join(binaries, "conchd"), ...words], {
    env: environment(binaries, folder),
    stdin: new Blob([input]),
    stdout: "pipe",
    stderr: "pipe",
  });
  if ((await child.exited) !== 0) {
    const errors = await new Response(child.stderr).text();
    throw new Error(`conchd ${words.join(" ")} failed: ${errors}`);
  }
}

interface Replacement {
  readonly range: readonly [from: number, to: number];
  readonly lines: readonly string[];
}

async function runSteps(
  shell: Shell,
  session: Session,
  options: RunOptions,
  path: string,
): Promise<{ failure?: string; replacements: readonly Replacement[] }> {
  const replacements: Replacement[] = [];
  for (const step of session.steps) {
    const address = `127.0.0.1:${await shell.variable("SERVER_PORT")}`;
    const command = step.command.replaceAll(WRITTEN_ADDRESS, address);
    options.watch?.onCommand(step, command);
    const result = await shell.run(command).catch((error: Error) => {
      throw new Error(`${path}:${step.line}: $ ${step.command}: ${error.message}`);
    });
    options.watch?.onOutput(result);
    const printed = printedLines(result, address);
    const captures = matchStreams(step.expected, printed);
    const broken = options.mergeStreams ? undefined : brokenJsonPromise(step, result);
    if (captures === undefined || result.exitCode !== step.exitCode || broken !== undefined) {
      if (!options.update || isNeededLater(step) || result.exitCode === HARNESS_FAILURE) {
        return { failure: describeFailure(path, step, result, printed, broken), replacements };
      }
      replacements.push({ range: step.range, lines: describeStep(step, result, printed) });
    }
    for (const [name, value] of captures ?? []) {
      await shell.run(`export ${name}='${value.replaceAll("'", "'\\''")}'`);
    }
  }
  return { replacements };
}

/** Later commands use what this one printed. */
function isNeededLater(step: Step): boolean {
  return step.expected.some((line) => /<[a-z]+:\w+>/.test(line));
}

function linesOf(text: string): string[] {
  if (text === "") return [];
  return text.replace(/\n$/, "").split("\n");
}

/** All lines of a command, those of stderr marked. */
function printedLines(result: CommandResult, address: string): string[] {
  const written = (text: string) => linesOf(text.replaceAll(address, WRITTEN_ADDRESS));
  return [
    ...written(result.stdout),
    ...written(result.stderr).map((line) => `${STDERR_MARK}${line}`),
  ];
}

/** Matches each stream by itself: how their lines mix is the scheduler's. */
function matchStreams(expected: readonly string[], printed: readonly string[]) {
  const isError = (line: string) => line.startsWith(STDERR_MARK.trimEnd());
  const unmarked = (line: string) => line.slice(STDERR_MARK.length);
  const out = matchLines(
    expected.filter((line) => !isError(line)),
    printed.filter((line) => !isError(line)),
  );
  const err = matchLines(
    expected.filter(isError).map(unmarked),
    printed.filter(isError).map(unmarked),
  );
  return out === undefined || err === undefined ? undefined : new Map([...out, ...err]);
}

/** A plain `conch … --json`, nothing piped or redirected. */
const JSON_COMMAND = /^conch\b(?=[^|<>;&\n]*\s(?:--json|-j)(?:\s|$))[^|<>;&\n]*$/;

/** What `--json` promises of every command: one document, on the stream it belongs to. */
function brokenJsonPromise(step: Step, result: CommandResult): string | undefined {
  if (!JSON_COMMAND.test(step.command)) return undefined;
  const failed = result.exitCode !== 0;
  const [document, other] = failed
    ? [result.stderr, result.stdout]
    : [result.stdout, result.stderr];
  if (other !== "" && !(failed && isJson(other))) {
    return `--json: ${failed ? "stdout" : "stderr"} must be empty`;
  }
  return isJson(document)
    ? undefined
    : `--json: ${failed ? "stderr" : "stdout"} is not one document`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function describeStep(step: Step, result: CommandResult, printed: readonly string[]): string[] {
  const lines = describeLines(printed, step.expected);
  return result.exitCode === 0 ? lines : [...lines, `[exit ${result.exitCode}]`];
}

function describeFailure(
  path: string,
  step: Step,
  result: CommandResult,
  printed: readonly string[],
  broken: string | undefined,
): string {
  const indent = (lines: readonly string[]) => lines.map((line) => `    ${line}`);
  return [
    `${path}:${step.line}: $ ${step.command}`,
    "  expected:",
    ...indent([...step.expected, `[exit ${step.exitCode}]`]),
    "  printed:",
    ...indent([...printed, `[exit ${result.exitCode}]`]),
    ...(broken === undefined ? [] : [`  ${broken}`]),
  ].join("\n");
}

function replaceLines(text: string, replacements: readonly Replacement[]): string {
  const lines = text.split("\n");
  for (const { range, lines: replacement } of replacements.toReversed()) {
    lines.splice(range[0], range[1] - range[0], ...replacement);
  }
  return lines.join("\n");
}

/** The server's log of every session must hold no token and no password. */
async function refuseLeaks(folder: string): Promise<void> {
  const work = join(folder, "work");
  for (const name of await readdir(work)) {
    if (!name.endsWith(".log")) continue;
    const log = await readFile(join(work, name), "utf8");
    const leaked =
      /conch_[0-9A-Za-z]{38}/.exec(log)?.[0] ??
      Object.values(PASSWORDS).find((password) => log.includes(password));
    if (leaked !== undefined) throw new Error(`the server's log holds the secret ${leaked}`);
  }
}
