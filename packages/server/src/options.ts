/** The options of `conchd`, as data: the command line, the environment and the help are made of it. */
import { isCidr } from "./http/client-address.ts";
import { BOUND_MS_MAX, BOUND_MS_MIN } from "./store/configuration.ts";
import { LOG_LEVELS, type LogLevel } from "./logging.ts";
import { postgresUrlFault } from "./store/dialect/postgres-url.ts";

/** A wrong configuration; the text names the option. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

/** One option, with its environment variable. */
export interface OptionSpec<T> {
  /** As the command line spells it: `--listen <host:port>`. */
  readonly flags: string;
  readonly env: string;
  readonly description: string;
  /** What holds where it is not given, as text; absent where nothing does. */
  readonly fallback?: string;
  /** May be given several times. */
  readonly isList?: boolean;
  /**
   * An empty variable counts as none, as those who write service and compose files mean it. Not where
   * the default may be less strict than what was meant, or keep things elsewhere: a name that was
   * mistyped in a template must not turn a safeguard off.
   */
  readonly mayBeEmpty?: boolean;
  /** @throws Error with what is wrong. Never quotes the text: it may be a secret. */
  readonly parse: (text: string) => T;
}

function option<T>(spec: OptionSpec<T>): OptionSpec<T> {
  return spec;
}

const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000,
};

function parseDuration(text: string): number {
  const [, count = "", unit = ""] = /^(\d{1,6})([smhdwy])$/.exec(text.trim()) ?? [];
  const ms = Number(count) * (UNITS_MS[unit] ?? Number.NaN);
  if (!(ms > 0)) throw new Error("must be a duration such as 90d, 12h, 30m or 5y");
  return ms;
}

const SIZES: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 * 1024 };

function parseSize(text: string): number {
  const [, count = "", unit = ""] = /^(\d{1,9})([km]?)$/i.exec(text.trim()) ?? [];
  const bytes = Number(count) * (SIZES[unit.toLowerCase()] ?? Number.NaN);
  if (!(bytes >= 1024)) throw new Error("must be a number of bytes, 1k or more, such as 1m");
  return bytes;
}

/** An address to listen on. */
export interface ListenAddress {
  readonly hostname: string;
  readonly port: number;
}

function parseListen(text: string): ListenAddress {
  const [, bracketed, plain, port = ""] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const hostname = bracketed ?? plain;
  if (hostname === undefined || Number(port) > 65_535) {
    throw new Error("must be HOST:PORT, such as 127.0.0.1:5001 or [::1]:5001");
  }
  return { hostname, port: Number(port) };
}

function parseHttpUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    throw new Error("must be an http:// or https:// URL");
  }
  // Empty ones too, which the URL's parts do not show: paths are put behind what is given.
  if (url.username !== "" || url.password !== "" || /[?#]/.test(url.href)) {
    throw new Error("must not have a user, a query or a fragment");
  }
  return url.href.replace(/\/$/, "");
}

function parseSmtpUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !["smtp:", "smtps:"].includes(url.protocol) || url.hostname === "") {
    throw new Error("must be an smtp:// or smtps:// URL");
  }
  return text;
}

function parseCidrs(text: string): readonly string[] {
  const ranges = text.split(/[\s,]+/).filter((range) => range !== "");
  if (!ranges.every(isCidr))
    throw new Error("must be addresses or CIDR ranges, such as 10.0.0.0/8");
  return ranges;
}

function parseLogLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((name) => name === text);
  if (level === undefined) throw new Error(`must be one of ${LOG_LEVELS.join(", ")}`);
  return level;
}

function parseDatabase(text: string): string {
  if (/^sqlite:./s.test(text)) return text;
  if (!/^postgres(ql)?:\/\/./.test(text)) throw new Error("must be sqlite:FILE or postgres://…");
  const fault = postgresUrlFault(text);
  if (fault !== null) throw new Error(fault);
  return text;
}

function parseBound(text: string): number {
  const ms = /^\d{1,2}(\.\d{1,3})?$/.test(text) ? Math.round(Number(text) * 1000) : Number.NaN;
  if (ms >= BOUND_MS_MIN && ms <= BOUND_MS_MAX) return ms;
  throw new Error(`must be from ${BOUND_MS_MIN / 1000} to ${BOUND_MS_MAX / 1000} seconds`);
}

function parseCount(text: string): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count > 0) return count;
  throw new Error("must be a whole number above 0");
}

function parseDelay(text: string): number {
  return text === "0" || text === "0s" ? 0 : parseDuration(text);
}

function parsePath(text: string): string {
  if (text.trim() === "") throw new Error("must not be empty");
  return text;
}

function parseMailFrom(text: string): string {
  if (!/^[^\p{Cc}]*@[^\p{Cc}]+$/u.test(text)) {
    throw new Error("must be an address, such as Conch <conch@example.com>");
  }
  return text;
}

/** The bound B, for `conchd bound` and `--bound`; milliseconds. */
export const BOUND_OPTION = option({
  flags: "--bound <seconds>",
  env: "CONCHD_BOUND",
  description:
    "refuse to start unless the database has this bound on revocation (see conchd bound)",
  parse: parseBound,
});

/** On every subcommand. */
export const DATABASE_OPTION = option({
  flags: "--database <url>",
  env: "CONCHD_DATABASE",
  description: "sqlite:FILE or postgres://USER:PASSWORD@HOST/NAME",
  fallback: "sqlite:conchd.sqlite",
  parse: parseDatabase,
});

/** Those of `conchd serve`. */
export const SERVE_OPTIONS = {
  database: DATABASE_OPTION,
  listen: option({
    flags: "--listen <host:port>",
    env: "CONCHD_LISTEN",
    description: "where to listen; port 0 takes a free one",
    fallback: "127.0.0.1:5001",
    mayBeEmpty: true,
    parse: parseListen,
  }),
  publicUrl: option({
    flags: "--public-url <url>",
    env: "CONCHD_PUBLIC_URL",
    description: "where clients reach the server; https:// makes cookies Secure",
    parse: parseHttpUrl,
  }),
  advertise: option({
    flags: "--advertise <url>",
    env: "CONCHD_ADVERTISE",
    description:
      "where verifiers reach this very node, so that one behind a balancer stays with one node",
    mayBeEmpty: true,
    parse: parseHttpUrl,
  }),
  bound: BOUND_OPTION,
  cacheEntries: option({
    flags: "--cache-entries <number>",
    env: "CONCHD_CACHE_ENTRIES",
    description: "credentials kept in memory; about 520 bytes each",
    fallback: "100000",
    mayBeEmpty: true,
    parse: parseCount,
  }),
  metricsListen: option({
    flags: "--metrics-listen <host:port>",
    env: "CONCHD_METRICS_LISTEN",
    description: "serve /metrics and /health there too, without credentials",
    mayBeEmpty: true,
    parse: parseListen,
  }),
  drainDelay: option({
    flags: "--drain-delay <duration>",
    env: "CONCHD_DRAIN_DELAY",
    description:
      "from SIGTERM, how long to go on serving while /health/ready fails (default: 5s with PostgreSQL, 0 with SQLite)",
    mayBeEmpty: true,
    parse: parseDelay,
  }),
  trustedProxy: option({
    flags: "--trusted-proxy <cidr>",
    env: "CONCHD_TRUSTED_PROXY",
    description: "proxies whose X-Forwarded-For is believed; repeatable, or comma-separated",
    isList: true,
    mayBeEmpty: true,
    parse: parseCidrs,
  }),
  secretsFile: option({
    flags: "--secrets-file <file>",
    env: "CONCHD_SECRETS_FILE",
    description:
      "secrets that sign logins, one per line, the first signs (default: made beside the SQLite file)",
    parse: parsePath,
  }),
  tokenLifetime: option({
    flags: "--token-lifetime <duration>",
    env: "CONCHD_TOKEN_LIFETIME",
    description: "life of an API token that asks for none (default: 5y, or the longest allowed)",
    parse: parseDuration,
  }),
  tokenMaxLifetime: option({
    flags: "--token-max-lifetime <duration>",
    env: "CONCHD_TOKEN_MAX_LIFETIME",
    description: "the longest life that an API token may ask for",
    fallback: "10y",
    parse: parseDuration,
  }),
  sessionLifetime: option({
    flags: "--session-lifetime <duration>",
    env: "CONCHD_SESSION_LIFETIME",
    description: "life of a login",
    fallback: "1d",
    parse: parseDuration,
  }),
  adminSessionLifetime: option({
    flags: "--admin-session-lifetime <duration>",
    env: "CONCHD_ADMIN_SESSION_LIFETIME",
    description: "life of a system administrator's login",
    fallback: "30d",
    parse: parseDuration,
  }),
  smtpUrl: option({
    flags: "--smtp-url <url>",
    env: "CONCHD_SMTP_URL",
    description: "smtp:// or smtps:// server for mails (default: files in the mail folder)",
    parse: parseSmtpUrl,
  }),
  mailFrom: option({
    flags: "--mail-from <address>",
    env: "CONCHD_MAIL_FROM",
    description: "sender of mails",
    fallback: "Conch <conch@localhost>",
    mayBeEmpty: true,
    parse: parseMailFrom,
  }),
  mailFolder: option({
    flags: "--mail-folder <folder>",
    env: "CONCHD_MAIL_FOLDER",
    description: "where mails go without an SMTP server (default: mail/ beside the SQLite file)",
    parse: parsePath,
  }),
  bodyLimit: option({
    flags: "--body-limit <size>",
    env: "CONCHD_BODY_LIMIT",
    description: "the longest request body that is read",
    fallback: "1m",
    parse: parseSize,
  }),
  bodyTimeout: option({
    flags: "--body-timeout <duration>",
    env: "CONCHD_BODY_TIMEOUT",
    description: "how long a request body may take to arrive",
    fallback: "30s",
    parse: parseDuration,
  }),
  logLevel: option({
    flags: "--log-level <level>",
    env: "CONCHD_LOG_LEVEL",
    description: `the least that is logged: ${LOG_LEVELS.join(", ")}`,
    fallback: "info",
    mayBeEmpty: true,
    parse: parseLogLevel,
  }),
} as const;

/** What the command line and the environment gave, as texts. */
export type RawOptions = Readonly<Record<string, string | undefined>>;

/**
 * The value of an option; `undefined` where it has none and was not given.
 *
 * @throws ConfigurationError that names it.
 */
export function readOption<T>(spec: OptionSpec<T>, text: string | undefined): T | undefined {
  const given = text ?? spec.fallback;
  if (given === undefined) return undefined;
  if (given === "") throw wrongOption(spec, "must not be empty; without it the default holds");
  try {
    return spec.parse(given);
  } catch (cause) {
    throw wrongOption(spec, cause instanceof Error ? cause.message : "is wrong");
  }
}

/** Leaves out what the environment says nothing of: empty variables, of options that allow it. */
export function withoutEmpty(
  raw: RawOptions,
  isFromEnvironment: (name: string) => boolean,
): RawOptions {
  const specs: Readonly<Record<string, OptionSpec<unknown>>> = SERVE_OPTIONS;
  return Object.fromEntries(
    Object.entries(raw).filter(
      ([name, text]) => text !== "" || specs[name]?.mayBeEmpty !== true || !isFromEnvironment(name),
    ),
  );
}

/** An error that names the option and its variable. */
export function wrongOption(spec: OptionSpec<unknown>, fault: string): ConfigurationError {
  const [flag = ""] = spec.flags.split(" ");
  return new ConfigurationError(`${flag} (${spec.env}): ${fault}`);
}
