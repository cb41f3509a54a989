import { dirname, join } from "node:path";
import type { LogLevel } from "./logging.ts";
import {
  type ListenAddress,
  type OptionSpec,
  type RawOptions,
  SERVE_OPTIONS,
  readOption,
  wrongOption,
} from "./options.ts";

const DRAIN_DELAY_MS_DEFAULT = 5000;
const TOKEN_LIFETIME_MS_DEFAULT = 5 * 365 * 86_400_000;

/** The configuration of `conchd serve`, checked. */
export interface ServeConfig {
  /** `sqlite:FILE` or `postgres://…`. */
  readonly database: string;
  readonly listen: ListenAddress;
  /** Without a trailing slash; `null`: the address that is listened on. */
  readonly publicUrl: string | null;
  /** Where verifiers reach this very node. */
  readonly advertisedUrl: string | null;
  /** The bound that the database must have, milliseconds. */
  readonly boundMs: number | null;
  readonly cacheEntriesMax: number;
  readonly metricsListen: ListenAddress | null;
  /** How long to go on serving after the signal to stop, milliseconds. */
  readonly drainDelayMs: number;
  readonly trustedProxies: readonly string[];
  readonly secrets: SecretsSource;
  readonly lifetimes: {
    readonly tokenMs: number;
    readonly tokenMsMax: number;
    readonly sessionMs: number;
    readonly adminSessionMs: number;
  };
  readonly mail: MailConfig;
  readonly bodyLimitBytes: number;
  /** How long a body may take to arrive, milliseconds. */
  readonly bodyTimeLimitMs: number;
  readonly logLevel: LogLevel;
}

/** Where the signing secrets are; `mayCreate`: made there at the first start. */
export interface SecretsSource {
  readonly file: string;
  readonly mayCreate: boolean;
}

/** How mails leave; `isGiven`: the folder was named, and must be one. */
export type MailConfig = { readonly from: string } & (
  | { readonly smtpUrl: string }
  | { readonly folder: string; readonly isGiven: boolean }
);

/** The file of a SQLite database, or `null` for another kind. */
function sqliteFileOf(database: string): string | null {
  return database.startsWith("sqlite:") ? database.slice("sqlite:".length) : null;
}

/** @throws ConfigurationError that names the option. */
export function readServeConfig(raw: RawOptions): ServeConfig {
  const optional = <T>(name: keyof typeof SERVE_OPTIONS, spec: OptionSpec<T>) =>
    readOption(spec, raw[name]) ?? null;
  const required = <T>(name: keyof typeof SERVE_OPTIONS, spec: OptionSpec<T>): T => {
    const value = readOption(spec, raw[name]);
    if (value === undefined) throw wrongOption(spec, "is needed");
    return value;
  };
  const options = SERVE_OPTIONS;
  const database = required("database", options.database);
  const tokenMsMax = required("tokenMaxLifetime", options.tokenMaxLifetime);
  const tokenMs = optional("tokenLifetime", options.tokenLifetime);
  if (tokenMs !== null && tokenMs > tokenMsMax) {
    throw wrongOption(options.tokenLifetime, "must not be longer than --token-max-lifetime");
  }
  return {
    database,
    listen: required("listen", options.listen),
    publicUrl: optional("publicUrl", options.publicUrl),
    advertisedUrl: optional("advertise", options.advertise),
    boundMs: optional("bound", options.bound),
    cacheEntriesMax: required("cacheEntries", options.cacheEntries),
    metricsListen: optional("metricsListen", options.metricsListen),
    drainDelayMs: optional("drainDelay", options.drainDelay) ?? drainDelayOf(database),
    trustedProxies: optional("trustedProxy", options.trustedProxy) ?? [],
    secrets: secretsSource(database, optional("secretsFile", options.secretsFile)),
    lifetimes: {
      tokenMs: tokenMs ?? Math.min(TOKEN_LIFETIME_MS_DEFAULT, tokenMsMax),
      tokenMsMax,
      sessionMs: required("sessionLifetime", options.sessionLifetime),
      adminSessionMs: required("adminSessionLifetime", options.adminSessionLifetime),
    },
    mail: mailConfig(database, {
      from: required("mailFrom", options.mailFrom),
      smtpUrl: optional("smtpUrl", options.smtpUrl),
      folder: optional("mailFolder", options.mailFolder),
    }),
    bodyLimitBytes: required("bodyLimit", options.bodyLimit),
    bodyTimeLimitMs: required("bodyTimeout", options.bodyTimeout),
    logLevel: required("logLevel", options.logLevel),
  };
}

/** Beside PostgreSQL other nodes take over meanwhile; a SQLite file has no other node. */
function drainDelayOf(database: string): number {
  return sqliteFileOf(database) === null ? DRAIN_DELAY_MS_DEFAULT : 0;
}

/** Nodes of one installation must share the secrets, so beside PostgreSQL none are made. */
function secretsSource(database: string, given: string | null): SecretsSource {
  if (given !== null) return { file: given, mayCreate: false };
  const file = sqliteFileOf(database);
  if (file !== null) return { file: `${file}.secrets`, mayCreate: true };
  throw wrongOption(
    SERVE_OPTIONS.secretsFile,
    "is needed with PostgreSQL: a file with one secret per line, the same on all nodes",
  );
}

function mailConfig(
  database: string,
  given: { readonly from: string; readonly smtpUrl: string | null; readonly folder: string | null },
): MailConfig {
  const { from, smtpUrl, folder } = given;
  if (smtpUrl !== null) return { from, smtpUrl };
  if (folder !== null) return { from, folder, isGiven: true };
  const file = sqliteFileOf(database);
  if (file !== null) return { from, folder: join(dirname(file), "mail"), isGiven: false };
  throw wrongOption(SERVE_OPTIONS.smtpUrl, "this or --mail-folder is needed with PostgreSQL");
}
