import { toTimestamp, verifyCredential } from "@conch/contract";
import { type App, createApp } from "./app.ts";
import type { MailConfig, ServeConfig } from "./config.ts";
import type { Context, Listening } from "./context.ts";
import { createClientAddresses } from "./http/client-address.ts";
import { createRequestIds } from "./http/request-id.ts";
import { createVerifyHandler } from "./http/verify-handler.ts";
import { type Logger, createLogger, describeError } from "./logging.ts";
import { joinNodes } from "./membership.ts";
import { createFolderMailer } from "./mail/folder.ts";
import { createSmtpMailer } from "./mail/smtp.ts";
import { SERVE_OPTIONS, wrongOption } from "./options.ts";
import { createImplementations } from "./routes/index.ts";
import { createPages } from "./routes/pages.ts";
import { loadSecrets } from "./secrets.ts";
import { type Services, createServices } from "./services/index.ts";
import type { Mailer } from "./services/mail.ts";
import type { ServerNode } from "./services/node.ts";
import { createStrengthAssessor } from "./services/password-strength.ts";
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

const USAGE_FLUSH_MS = 2000;
const PRUNE_PAUSE_MS = 10 * 60_000;
const PRUNE_BATCH_PAUSE_MS = 100;
const DRAIN_MS_MAX = 20_000;
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
  const secrets = await loadSecrets(config.secrets, context.random);
  const database = await openDatabase(config.database, {
    createId: () => context.random.uuid(),
    nowMs: () => context.clock.nowMs(),
  });
  const membership = await joinNodes({ config, database, context, logger }).catch(
    async (error: unknown) => {
      await database.close();
      throw error;
    },
  );
  const mailer = createMailer(config.mail, logger, context);
  const issuer = () => config.publicUrl ?? listening.url;
  const assessor = createStrengthAssessor();
  const services = createServices({
    ...context,
    ...membership,
    database,
    issuer,
    advertisedUrl: config.advertisedUrl,
    assessPassword: assessor.assess,
    mailer,
    secrets,
    lifetimes: config.lifetimes,
  });
  const app = createServerApp({
    ...membership,
    config,
    services,
    database,
    logger,
    context,
    issuer,
  });
  let listening: Listening;
  try {
    listening = context.listen(app, config.listen, config.bodyLimitBytes);
  } catch (cause) {
    await membership.leave();
    await database.close();
    const reason = cause instanceof Error ? cause.message : "cannot be listened on";
    throw wrongOption(SERVE_OPTIONS.listen, reason);
  }
  const flushUsage = () =>
    services.usage.flush().catch((error: unknown) => {
      logger.log("warn", "usage_not_written", { cause: describeError(error) });
    });
  const flushing = context.repeat(USAGE_FLUSH_MS, flushUsage);
  const pruning = context.repeat(PRUNE_PAUSE_MS, () =>
    prune(database, context.clock.nowMs(), () => context.delay(PRUNE_BATCH_PAUSE_MS)).then(
      (pruned) => logger.log("debug", "pruned", { ...pruned }),
      (error: unknown) => logger.log("warn", "not_pruned", { cause: describeError(error) }),
    ),
  );
  logger.log("info", "listening", { url: listening.url });
  return {
    url: listening.url,
    failed: membership.expelled,
    async stop() {
      logger.log("info", "stopping");
      membership.node.feed.close();
      await Promise.race([listening.stop(), context.delay(DRAIN_MS_MAX)]);
      await listening.abort();
      flushing.stop();
      pruning.stop();
      await flushUsage();
      await Promise.race([mailer.drain(), context.delay(MAIL_DRAIN_MS_MAX)]);
      await assessor.close();
      await membership.leave();
      await database.close();
      logger.log("info", "stopped");
      context.log.flush();
    },
  };
}

function createServerApp(options: {
  readonly config: ServeConfig;
  readonly services: Services;
  readonly node: ServerNode;
  readonly database: Database;
  readonly logger: Logger;
  readonly context: Context;
  readonly issuer: () => string;
}): App {
  const { config, services, node, database, logger, context, issuer } = options;
  const isSecure = config.publicUrl?.startsWith("https:") === true;
  const clientAddresses = createClientAddresses(config.trustedProxies);
  const requestIdOf = createRequestIds(clientAddresses, context.random);
  const app = createApp({
    implementations: createImplementations(services, { isSecure, issuer }),
    pages: createPages({ database, publicUrl: config.publicUrl }),
    verifier: services.verifier,
    usage: services.usage,
    clientAddresses,
    bodyLimitBytes: config.bodyLimitBytes,
    logger,
    clock: context.clock,
    requestIdOf,
  });
  const { path } = verifyCredential;
  const verify = createVerifyHandler({
    node,
    usage: services.usage,
    counts: services.verificationCounts,
    requestIdOf,
    general: app.routes[path] ?? app.fetch,
  });
  return { ...app, routes: { ...app.routes, [path]: verify } };
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
