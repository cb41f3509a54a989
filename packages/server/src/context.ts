/** The door to the process: clocks, randomness, hashing threads, timers, sockets, output. */
import { randomBytes, randomUUID } from "node:crypto";
import { availableParallelism } from "node:os";
import type { App } from "./app.ts";
import type { LogLevel } from "./logging.ts";
import type { ListenAddress } from "./options.ts";
import type { Clock, Random } from "./services/clock.ts";
import type { Argon2 } from "./services/password-hasher.ts";

/** The system's clocks. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** The system's source of randomness. */
export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  uuid: () => randomUUID(),
};

/** argon2id with 19 MiB, 2 passes and one lane, as OWASP advises; on the runtime's threads. */
export const argon2: Argon2 = {
  hash: (password) =>
    Bun.password.hash(password, { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 }),
  verify: (password, passwordHash) => Bun.password.verify(password, passwordHash),
};

/** Hashes at a time: one core is left for requests. */
export function hashConcurrency(): number {
  return Math.max(1, availableParallelism() - 1);
}

/** Runs a task again and again, until stopped; the next run starts a pause after the last one's end. */
export function repeat(pauseMs: number, task: () => Promise<void>): { stop(): void } {
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

/** Resolves after that time; whether it came to be waited for does not keep the process alive. */
export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}

const LOG_FLUSH_MS = 100;

/** Log lines on stderr: together, a few times a second; warnings and errors at once. */
export function createLogOutput(): {
  write(line: string, level: LogLevel): void;
  flush(): void;
} {
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
export function listen(app: App, address: ListenAddress, bodyLimitBytes: number): Listening {
  const server = Bun.serve({
    hostname: address.hostname,
    port: address.port,
    routes: app.routes,
    fetch: app.fetch,
    // The app refuses what is over the limit, in the words of the protocol; this is the backstop.
    maxRequestBodySize: 2 * bodyLimitBytes,
  });
  return {
    url: server.url.href.replace(/\/$/, ""),
    stop: () => server.stop(),
    abort: () => server.stop(true),
  };
}
