/** Levels in order of weight. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
/** How much a line matters. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What a line says beside its event: plain values, none of them ever a secret. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Structured log: one JSON object a line. */
export interface Logger {
  log(level: LogLevel, event: string, fields?: LogFields): void;
}

/** What a logger needs of the outside. */
export interface LoggerOptions {
  /** Lines below it are dropped. */
  readonly level: LogLevel;
  /** Takes one line, without its line feed. */
  readonly write: (line: string, level: LogLevel) => void;
  /** The time as RFC 3339. */
  readonly timestamp: () => string;
}

/** Makes a logger. */
export function createLogger(options: LoggerOptions): Logger {
  const lowest = LOG_LEVELS.indexOf(options.level);
  return {
    log(level, event, fields) {
      if (LOG_LEVELS.indexOf(level) < lowest) return;
      const line = { time: options.timestamp(), level, event, ...fields };
      options.write(JSON.stringify(line), level);
    },
  };
}

/**
 * An error for the log: its name and its causes' texts. Only errors of ours and of libraries get
 * here, and none of those quotes a request's body or headers.
 */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (let current = error; current !== undefined && parts.length < 5;) {
    if (!(current instanceof Error)) {
      parts.push(typeof current);
      break;
    }
    parts.push(`${current.name}: ${current.message}`);
    current = current.cause;
  }
  return parts.join("; caused by ");
}
