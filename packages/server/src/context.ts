/** The door to the process: clocks, randomness, hashing threads, timers, sockets, output. */
import { edenGC } from "bun:jsc";
import { randomBytes, randomUUID } from "node:crypto";
import { availableParallelism } from "node:os";
import type { App } from "./app.ts";
import type { LogLevel } from "./logging.ts";
import type { ListenAddress } from "./options.ts";
import type { Clock, Random, Timers } from "./services/clock.ts";
import { createHashThreads } from "./services/password-hash-threads.ts";
import type { Argon2 } from "./services/password-hasher.ts";
import type { OpenContext } from "./store/database.ts";

/** The system's clocks. */
const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** The system's source of randomness. */
const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  uuid: () => randomUUID(),
  uniform: () => Math.random(),
};

/** Runs a task again and again, until stopped; the next run starts a pause after the last one's end. */
function repeat(pauseMs: number, task: () => Promise<void>): { stop(): void } {
  let timer: Timer | null = null;
  let isStopped = false;
  const schedule = () => {
    timer = setTimeout(() => void task().finally(() => isStopped || schedule()), pauseMs);
  };
  schedule();
  return {
    stop() {
      isStopped = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}

/** Sets a timer. */
function setTimer(callback: () => void, delayMs: number): { cancel(): void } {
  const timer = setTimeout(callback, delayMs);
  return { cancel: () => clearTimeout(timer) };
}

/** Resolves after that time; whether it came to be waited for does not keep the process alive. */
function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}

const LOG_FLUSH_MS = 100;

/** Where log lines go. */
export interface LogOutput {
  write(line: string, level: LogLevel): void;
  /** Writes what is still held back. */
  flush(): void;
}

/** Log lines on stderr: together, a few times a second; warnings and errors at once. */
function createLogOutput(): LogOutput {
  let lines: string[] = [];
  let timer: Timer | null = null;
  const flush = () => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const text = lines.join("");
    lines = [];
    if (text !== "") process.stderr.write(text);
  };
  return {
    write(line, level) {
      lines.push(`${line}\n`);
      if (level === "warn" || level === "error") flush();
      else timer ??= setTimeout(flush, LOG_FLUSH_MS);
    },
    flush,
  };
}

/** So many times over the limit of a body, the runtime cuts it off. */
const BODY_BACKSTOP = 64;
/** A login may wait for its turn to be hashed. */
const IDLE_SECONDS_MAX = 60;

/** A server that accepts connections. */
export interface Listening {
  readonly url: string;
  /** Stops accepting; resolves when what runs is answered. */
  stop(): Promise<void>;
  /** Drops what still runs. */
  abort(): Promise<void>;
}

/**
 * Serves an app.
 *
 * @throws Error with code `EADDRINUSE` and its like.
 */
function listen(app: App, address: ListenAddress, bodyLimitBytes: number): Listening {
  const server = Bun.serve({
    hostname: address.hostname,
    port: address.port,
    routes: app.routes,
    fetch: app.fetch,
    // The app refuses what is over the limit, in the words of the protocol; the runtime has none.
    maxRequestBodySize: BODY_BACKSTOP * bodyLimitBytes,
    idleTimeout: IDLE_SECONDS_MAX,
  });
  return {
    url: server.url.href.replace(/\/$/, ""),
    stop: () => server.stop(),
    abort: () => server.stop(true),
  };
}

/** All of the outside that `conchd` touches; tests replace time, randomness and output. */
export interface Context {
  readonly clock: Clock;
  readonly random: Random;
  readonly argon2: Argon2;
  /** Hashes at a time: one core is left for requests. */
  readonly hashConcurrency: number;
  readonly log: LogOutput;
  readonly repeat: typeof repeat;
  readonly timers: Timers;
  readonly delay: typeof delay;
  /** Resident memory of this process. */
  readonly memoryBytes: () => number;
  readonly listen: typeof listen;
  /** Collects the garbage that was made lately. */
  readonly collectYoungGarbage: () => void;
}

/** The real outside. */
export function createContext(): Context {
  return {
    clock: systemClock,
    random: systemRandom,
    argon2: createHashThreads(),
    hashConcurrency: Math.max(1, availableParallelism() - 1),
    log: createLogOutput(),
    repeat,
    timers: { set: setTimer },
    delay,
    memoryBytes: () => process.memoryUsage.rss(),
    listen,
    collectYoungGarbage: edenGC,
  };
}

/** The outside as the store asks for it. */
export function storeContext({ random, clock }: Pick<Context, "random" | "clock">): OpenContext {
  return { createId: () => random.uuid(), nowMs: () => clock.nowMs() };
}
