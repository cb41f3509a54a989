import { isTerminal, nodeFs, nodeOs } from "./builtins.ts";
import { usageError } from "./command-error.ts";
import { createPrompts, type Prompts } from "./output/prompts.ts";
import { writeWhole } from "./write-whole.ts";
import { createNodeFileSystem } from "./profiles/node-file-system.ts";
import type { FileSystem } from "./profiles/file-system.ts";
import type { Sha256 } from "./profiles/obfuscation.ts";
import type { RunProcess } from "./profiles/credential-process.ts";
import { createSystemKeychain, type Keychain } from "./profiles/keychain.ts";

/** The stream of answers. */
export interface AnswerOutput {
  readonly isTerminal: boolean;
  /** Of the terminal; `Infinity` where it is none, or does not say. */
  readonly columns: number;
  /** @throws the platform's error of a text that is lost */
  writeLine(text: string): Promise<void>;
}

/** The stream of all that is said beside the answer; where it is lost, too, there is nobody left to tell. */
export interface Output {
  readonly isTerminal: boolean;
  writeLine(text: string): void;
  /** Without a line break: progress on a terminal. */
  write(text: string): void;
}

/** The stream that the program reads. */
export interface Input {
  readonly isTerminal: boolean;
  /** The next line without its end; `null` at the end of the stream. */
  readLine(): Promise<string | null>;
  readAll(): Promise<string>;
}

/** The door to the process: whatever the program sees or touches of the world is in here. */
export interface Context {
  /** Without the program's own name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `linux-x64` */
  readonly platform: string;
  readonly stdin: Input;
  readonly stdout: AnswerOutput;
  readonly stderr: Output;
  readonly homeDirectory: string;
  readonly files: FileSystem;
  readonly prompts: Prompts;
  readonly keychain: Keychain;
  readonly hostName: () => string;
  /** `undefined` where neither the environment nor the system says. */
  readonly userName: () => string | undefined;
  readonly nowMs: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Opens a connection to a host and closes it. */
  readonly probe: (url: URL, signal: AbortSignal) => Promise<void>;
  readonly widthOf: (text: string) => number;
  readonly sha256: Sha256;
  /** Runs the `credential_process` of a profile; loaded where there is one. */
  readonly loadRunProcess: () => Promise<RunProcess>;
  /** Calls back on an interruption (Ctrl-C, SIGTERM); returns what stops it. */
  onInterrupt(callback: () => void): () => void;
  /**
   * The same for a closed terminal. To listen undoes `nohup`, which has it ignored: only where it would
   * lose something else.
   */
  onHangUp(callback: () => void): () => void;
}

/** The real process. Nothing is read before it is asked for: what a command does not use costs nothing. */
export function createContext(): Context {
  return {
    argv: process.argv.slice(2),
    env: process.env,
    platform: `${process.platform}-${process.arch}`,
    stdin: createInput(),
    stdout: {
      get isTerminal() {
        return isTerminal(DESCRIPTORS.stdout);
      },
      get columns() {
        return isTerminal(DESCRIPTORS.stdout) ? process.stdout.columns || Infinity : Infinity;
      },
      writeLine: (text) => writeAnswer(new TextEncoder().encode(`${text}\n`)),
    },
    stderr: {
      get isTerminal() {
        return isTerminal(DESCRIPTORS.stderr);
      },
      writeLine: (text) => writeError(`${text}\n`),
      write: writeError,
    },
    homeDirectory: ownHome(),
    files: createNodeFileSystem({ isWindows: process.platform === "win32" }),
    prompts: createPrompts(() => ({ input: process.stdin, output: process.stderr })),
    keychain: createSystemKeychain(Bun.secrets),
    hostName: () => nodeOs().hostname(),
    userName: ownName,
    nowMs: () => Date.now(),
    random: () => Math.random(),
    sleep,
    fetch: (url, init) => fetch(url, { ...init, ...SAFE_FETCH }),
    probe,
    widthOf: (text) => Bun.stringWidth(text),
    sha256(bytes) {
      const digest = new Uint8Array(Bun.SHA256.byteLength);
      Bun.SHA256.hash(bytes, digest);
      return digest;
    },
    loadRunProcess: async () => {
      const { createNodeRunProcess } = await import("./profiles/node-run-process.ts");
      return createNodeRunProcess(process.env, (callback) => process.once("exit", callback));
    },
    onInterrupt: (callback) => onSignals(["SIGINT", "SIGTERM"], callback),
    onHangUp: (callback) => onSignals(["SIGHUP"], callback),
  };
}

function ownHome(): string {
  const { HOME: home = "" } = process.env;
  // What `homedir` looks at first, too, where there is such a variable.
  return home === "" || process.platform === "win32" ? nodeOs().homedir() : home;
}

/** As the shell says it, else (cron, containers) as the system knows who runs the process. */
function ownName(): string | undefined {
  const { USER: user, LOGNAME: logName, USERNAME: userName } = process.env;
  return user || logName || userName || nameOfUid(process.getuid?.());
}

/** Read here: Bun's `userInfo` knows no other source than the variables, and says "unknown". */
function nameOfUid(uid: number | undefined): string | undefined {
  if (uid === undefined) return undefined;
  try {
    const entries = nodeFs().readFileSync("/etc/passwd", "utf8").split("\n");
    const entry = entries.map((line) => line.split(":")).find((parts) => parts[2] === `${uid}`);
    return entry?.[0] ?? `uid-${uid}`;
  } catch {
    return `uid-${uid}`;
  }
}

/** Against variables of the runtime: one prints each request with its token, one trusts whoever answers. */
const SAFE_FETCH = { verbose: false, tls: { rejectUnauthorized: true } } as const;

const DESCRIPTORS = { stdin: 0, stdout: 1, stderr: 2 } as const;

/** A pipe takes so many bytes at once or not at all: its PIPE_BUF. */
const PIPE_BYTES_AT_ONCE = process.platform === "linux" ? 4096 : 512;

/** `process.stdout.write` takes 10 ms at its first use, `node:fs` one. */
async function writeAnswer(bytes: Uint8Array): Promise<void> {
  // What a pipe takes in parts, and not all at once, `Bun.write` begins again and doubles.
  if (bytes.length <= PIPE_BYTES_AT_ONCE && (await isPipe(Bun.stdout))) {
    await Bun.write(Bun.stdout, bytes);
  } else {
    requireStdout();
    writeWhole(DESCRIPTORS.stdout, bytes);
  }
}

/** Programs in JavaScript give their children sockets for pipes. */
async function isPipe(file: Bun.BunFile): Promise<boolean> {
  const stats = await file.stat();
  return stats.isFIFO() || stats.isSocket();
}

function writeError(text: string): void {
  try {
    writeWhole(DESCRIPTORS.stderr, new TextEncoder().encode(text));
  } catch {
    // See `Output`.
  }
}

const O_CLOEXEC = 0o2000000;

/**
 * Where stdout is closed (`>&-`), the runtime opens the null device in its place, and whatever is
 * written is lost without an error. Nobody can have given us that one: it ends at an `exec`.
 *
 * @throws EBADF as far as the platform has `/proc`
 */
function requireStdout(): void {
  if (!nodeFs().fstatSync(DESCRIPTORS.stdout).isCharacterDevice()) return;
  if ((openingFlagsOf(DESCRIPTORS.stdout) & O_CLOEXEC) === 0) return;
  throw Object.assign(new Error("stdout is closed"), { code: "EBADF" });
}

function openingFlagsOf(descriptor: number): number {
  try {
    const information = nodeFs().readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8");
    return Number.parseInt(/^flags:\s*([0-7]+)$/mu.exec(information)?.[1] ?? "0", 8);
  } catch {
    return 0;
  }
}

/** Resolves after so many milliseconds; rejects where the signal aborts first. */
function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new Error("stopped waiting"));
    });
  });
}

/** Above any token or password; what is no text (`/dev/zero`) has lines without an end. */
const LINE_LENGTH_MAX = 1024 * 1024;

/** stdin, read as little as is asked for: what comes after a line stays for who asks next. */
function createInput(): Input {
  let chunks: AsyncIterator<Uint8Array> | null = null;
  let buffered = "";
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (bytes?: Uint8Array) => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch {
      // With characters in their place, a password would be another one than was given.
      throw usageError("stdin gave bytes that are not UTF-8");
    }
  };
  /** @returns whether there was more */
  const readMore = async () => {
    chunks ??= (process.stdin as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    const { done, value } = await chunks.next();
    buffered += decode(done === true ? undefined : value);
    return done !== true;
  };
  return {
    get isTerminal() {
      return isTerminal(DESCRIPTORS.stdin);
    },
    async readLine() {
      while (!buffered.includes("\n") && (await readMore())) {
        if (buffered.length > LINE_LENGTH_MAX) throw usageError("stdin gave a line without an end");
      }
      if (buffered === "") return null;
      const [line = ""] = buffered.split("\n", 1);
      buffered = buffered.slice(line.length + 1);
      return line.replace(/\r$/u, "");
    },
    async readAll() {
      while (await readMore());
      const all = buffered;
      buffered = "";
      return all;
    },
  };
}

async function probe(url: URL, signal: AbortSignal): Promise<void> {
  const { connect } = await import("node:net");
  await new Promise<void>((resolve, reject) => {
    const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
    const socket = connect({ host: url.hostname.replace(/^\[|\]$/gu, ""), port });
    const end = (finish: () => void) => () => {
      socket.destroy();
      finish();
    };
    socket.once("connect", end(resolve));
    socket.once("error", end(reject));
    signal.addEventListener(
      "abort",
      end(() => reject(new Error("no connection"))),
    );
  });
}

function onSignals(signals: readonly NodeJS.Signals[], callback: () => void): () => void {
  for (const signal of signals) process.on(signal, callback);
  return () => {
    for (const signal of signals) process.off(signal, callback);
  };
}
