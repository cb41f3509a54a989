import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Context } from "../src/context.ts";
import { createNodeFileSystem } from "../src/profiles/node-file-system.ts";
import { runConch } from "../src/run.ts";

/** How one command line ended. */
export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What was asked on the terminal. */
  readonly questions: readonly string[];
}

/** What a command line finds. */
export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Answers to questions, in order; giving any makes it a terminal. */
  readonly answers?: readonly (string | boolean)[];
  /** Anything of the process to replace: a clock, a failing file system. */
  readonly context?: Partial<Context>;
}

/** A home directory with `conch` in it. */
export interface Shell extends Disposable {
  readonly configPath: string;
  /** Runs `conch` in this process, with real files and real requests. */
  readonly conch: (args: readonly string[], surroundings?: Surroundings) => Promise<Ended>;
}

/** Makes an empty home; `env` holds for all its commands. */
export function createShell(env: Readonly<Record<string, string>> = {}): Shell {
  const home = mkdtempSync(join(tmpdir(), "conch-cli-"));
  return {
    configPath: join(home, ".conch.json"),
    conch: (args, surroundings = {}) => run(home, args, env, surroundings),
    [Symbol.dispose]: () => rmSync(home, { recursive: true, force: true }),
  };
}

async function run(
  home: string,
  argv: readonly string[],
  shellEnv: Readonly<Record<string, string>>,
  { env = {}, stdin = "", answers, context = {} }: Surroundings,
): Promise<Ended> {
  const out: string[] = [];
  const err: string[] = [];
  const questions: string[] = [];
  const left = [...(answers ?? [])];
  let input = stdin;
  const isTerminal = answers !== undefined;
  const answer = (question: string) => {
    questions.push(question);
    const next = left.shift();
    if (next === undefined) throw new Error(`nobody answers: ${question}`);
    return next;
  };
  const exitCode = await runConch({
    argv,
    env: { ...shellEnv, ...env },
    platform: "test-x64",
    stdin: {
      isTerminal,
      readLine: async () => {
        if (input === "") return null;
        const [line = ""] = input.split("\n", 1);
        input = input.slice(line.length + 1);
        return line;
      },
      readAll: async () => input,
    },
    stdout: {
      isTerminal: false,
      columns: Infinity,
      writeLine: async (text) => void out.push(`${text}\n`),
    },
    stderr: {
      isTerminal,
      writeLine: (text) => void err.push(`${text}\n`),
      write: (text) => void err.push(text),
    },
    homeDirectory: home,
    files: createNodeFileSystem({ isWindows: false }),
    prompts: {
      confirm: async (question) => answer(question) === true,
      secret: async (question) => String(answer(question)),
    },
    keychain: {
      get: () => Promise.reject(new Error("there is no key chain here")),
      set: () => Promise.reject(new Error("there is no key chain here")),
      remove: () => Promise.reject(new Error("there is no key chain here")),
    },
    loadRunProcess: () => Promise.reject(new Error("no programs here")),
    hostName: () => "laptop",
    userName: () => "ada",
    nowMs: () => Date.now(),
    random: () => Math.random(),
    // As long as it takes others to have their turn.
    sleep: async (_, signal) => {
      await Bun.sleep(1);
      signal?.throwIfAborted();
    },
    fetch: (url, init) => fetch(url, init),
    probe: async () => undefined,
    sha256: (bytes) => new Uint8Array(new Bun.CryptoHasher("sha256").update(bytes).digest()),
    widthOf: (text) => Bun.stringWidth(text),
    onInterrupt: () => () => undefined,
    onHangUp: () => () => undefined,
    ...context,
  });
  return { exitCode, stdout: out.join(""), stderr: err.join(""), questions };
}
