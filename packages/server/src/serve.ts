import { toTimestamp } from "@conch/contract";
import { WAIT } from "@conch/verify/core/members";
import type { App } from "./app.ts";
import { createApps } from "./apps.ts";
import type { MailConfig, ServeConfig } from "./config.ts";
import { type Context, type Listening, storeContext } from "./context.ts";
import { type Logger, createLogger, describeError } from "./logging.ts";
import { type Membership, joinNodes } from "./membership.ts";
import { createFolderMailer, prepareMailFolder } from "./mail/folder.ts";
import { createSmtpMailer } from "./mail/smtp.ts";
import { createObservation } from "./observation.ts";
import { type ListenAddress, type OptionSpec, SERVE_OPTIONS, wrongOption } from "./options.ts";
import { loadSecrets } from "./secrets.ts";
import { createServices } from "./services/index.ts";
import type { Mailer } from "./services/mail.ts";
import { createStrengthAssessor } from "./services/password-strength.ts";
import type { UsageCollector } from "./services/usage.ts";
import type { Database } from "./store/database.ts";
import { openDatabase } from "./store/open-database.ts";
import { prune } from "./store/pruning.ts";

/** A running `conchd`. */
export interface RunningServer {
  /** Where it listens. */
  readonly url: string;
  /** Resolves when the process should end: it can do its work no more. */
  readonly failed: Promise<Error>;
  /** Stops accepting, finishes what runs, writes what is pending, closes the database. */
  stop(): Promise<void>;
}

const CANARY_MS = 60_000;
const USAGE_FLUSH_MS = 2000;
/** Where many tokens are in use, writing that takes at most a tenth of the time. */
const USAGE_PAUSE_SHARE = 9;
/** Each commit on SQLite costs look-ups their mapped pages. */
const USAGE_PAUSE_MS_MIN = 100;
const PRUNE_PAUSE_MS = 10 * 60_000;
const PRUNE_BATCH_PAUSE_MS = 100;
/** A node that is further ahead of its database refuses tokens before their time: somebody should know. */
const CLOCK_AHEAD_MS_MAX = 60_000;
/** The least time that is left to requests which run when the server stops. */
const DRAIN_MS = 20_000;
const MAIL_DRAIN_MS_MAX = 5000;

/**
 * Starts `conchd serve`.
 *
 * @throws ConfigurationError, DatabaseUnusableError.
 */
export async function serve(config: ServeConfig, context: Context): Promise<RunningServer> {
  const logger = createLogger({
    level: config.logLevel,
    write: (line, level) => context.log.write(line, level),
    timestamp: () => toTimestamp(context.clock.nowMs()),
  });
  const { database, secrets, membership } = await openInstallation(config, logger, context);
  const observation = createObservation({ config, database, membership, context, logger });
  const mailer = createMailer(config.mail, logger, context);
  const issuer = () => config.publicUrl ?? listening.url;
  const assessor = createStrengthAssessor();
  const services = createServices({
    ...context,
    ...membership,
    database,
    issuer,
    advertisedUrl: config.advertisedUrl,
    verificationCounts: observation.verificationCounts,
    onChange: ({ kind, seq, tokenId, userId }) =>
      logger.log("info", "change", {
        kind,
        seq,
        token_id: tokenId ?? undefined,
        user_id: userId ?? undefined,
      }),
    onRevocationConfirmed: observation.metrics.observeRevocation,
    assessPassword: assessor.assess,
    mailer,
    secrets,
    lifetimes: config.lifetimes,
  });
  const { node } = membership;
  const apps = createApps({ config, services, node, observation, logger, context, issuer });
  let listening: Listening;
  let observed: Listening | null;
  try {
    listening = listenOn(apps.api, SERVE_OPTIONS.listen, config.listen, config, context);
    const { metricsListen } = config;
    observed =
      metricsListen === null
        ? null
        : listenOn(apps.own, SERVE_OPTIONS.metricsListen, metricsListen, config, context);
  } catch (error) {
    await membership.leave();
    await database.close();
    throw error;
  }
  const warnOfUsage = (error: unknown) => {
    logger.log("warn", "usage_not_written", { cause: describeError(error) });
  };
  const repeated = [
    context.repeat(USAGE_FLUSH_MS, () => writeUsage(services.usage, context).catch(warnOfUsage)),
    context.repeat(CANARY_MS, () => observation.runCanary()),
    context.repeat(PRUNE_PAUSE_MS, () => pruneAll(database, logger, context)),
  ];
  logger.log("info", "listening", { url: listening.url });
  return {
    url: listening.url,
    failed: membership.expelled,
    async stop() {
      logger.log("info", "stopping");
      observation.readiness.drain();
      await context.delay(config.drainDelayMs);
      node.feed.close();
      await Promise.race([listening.stop(), context.delay(drainMsMax(membership.boundMs))]);
      await listening.abort();
      for (const task of repeated) task.stop();
      await services.usage.drain().catch(warnOfUsage);
      await Promise.race([mailer.drain(), context.delay(MAIL_DRAIN_MS_MAX)]);
      await Promise.all([assessor.close(), context.argon2.close()]);
      await membership.leave();
      await observed?.abort();
      await database.close();
      logger.log("info", "stopped");
      context.log.flush();
    },
  };
}

/** The revocation is stored: whoever waits for it gets the answer, which takes that share of B at most. */
function drainMsMax(boundMs: number): number {
  return Math.max(DRAIN_MS, WAIT * boundMs + 1000);
}

/** What a node stands on: all of it, or nothing is left open. */
async function openInstallation(
  config: ServeConfig,
  logger: Logger,
  context: Context,
): Promise<{
  readonly database: Database;
  readonly secrets: readonly string[];
  readonly membership: Membership;
}> {
  const load = () => loadSecrets(config.secrets, context.random);
  // Given ones before a database is made; own ones after, so that none lie beside what is none.
  const given = config.secrets.mayCreate ? null : await load();
  if ("folder" in config.mail && config.mail.isGiven) await prepareMailFolder(config.mail.folder);
  const database = await openDatabase(config.database, storeContext(context));
  try {
    const secrets = given ?? (await load());
    const membership = await joinNodes({ config, database, context, logger });
    return { database, secrets, membership };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** @throws ConfigurationError that names the option. */
function listenOn(
  app: App,
  spec: OptionSpec<ListenAddress>,
  address: ListenAddress,
  config: ServeConfig,
  context: Context,
): Listening {
  try {
    return context.listen(app, address, config.bodyLimitBytes);
  } catch (cause) {
    throw wrongOption(spec, cause instanceof Error ? cause.message : "cannot be listened on");
  }
}

async function pruneAll(database: Database, logger: Logger, context: Context): Promise<void> {
  const pause = () => context.delay(PRUNE_BATCH_PAUSE_MS);
  try {
    const pruned = await prune(database, context.clock.nowMs(), pause);
    const { clockAheadMs, loginFailures, ...rest } = pruned;
    const ahead = { clock_ahead_ms: clockAheadMs };
    logger.log("debug", "pruned", { ...rest, login_failures: loginFailures, ...ahead });
    if (clockAheadMs > CLOCK_AHEAD_MS_MAX) logger.log("warn", "clock_ahead", ahead);
  } catch (error) {
    logger.log("warn", "not_pruned", { cause: describeError(error) });
  }
}

async function writeUsage(usage: UsageCollector, context: Context): Promise<void> {
  for (;;) {
    const startedMs = context.clock.monotonicMs();
    if (!(await usage.flush())) return;
    const elapsedMs = context.clock.monotonicMs() - startedMs;
    const pauseMs = Math.max(USAGE_PAUSE_MS_MIN, elapsedMs * USAGE_PAUSE_SHARE);
    await context.delay(Math.min(USAGE_FLUSH_MS, pauseMs));
  }
}

function createMailer(config: MailConfig, logger: Logger, context: Context): Mailer {
  if ("smtpUrl" in config) {
    return createSmtpMailer({ url: config.smtpUrl, from: config.from, logger });
  }
  const createName = () => {
    const time = toTimestamp(context.clock.nowMs()).replaceAll(":", "-");
    return `${time}-${context.random.uuid()}`;
  };
  return createFolderMailer({ folder: config.folder, from: config.from, createName, logger });
}
