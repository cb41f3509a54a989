import { type App, createApp } from "./app.ts";
import type { MailConfig, ServeConfig } from "./config.ts";
import {
  type Listening,
  argon2,
  createLogOutput,
  delay,
  hashConcurrency,
  listen,
  repeat,
  systemClock,
  systemRandom,
} from "./context.ts";
import { toTimestamp } from "@conch/contract";
import { createClientAddresses } from "./http/client-address.ts";
import { type Logger, createLogger, describeError } from "./logging.ts";
import { createFolderMailer } from "./mail/folder.ts";
import { createSmtpMailer } from "./mail/smtp.ts";
import { SERVE_OPTIONS, wrongOption } from "./options.ts";
import { createImplementations } from "./routes/index.ts";
import { loadSecrets } from "./secrets.ts";
import { type Services, createServices } from "./services/index.ts";
import type { Mailer } from "./services/mail.ts";
import { createStrengthAssessor } from "./services/password-strength.ts";
import { createWorkQueue } from "./services/work-queue.ts";
import { openDatabase } from "./store/open-database.ts";

/** A running `conchd`. */
export interface RunningServer {
  /** Where it listens. */
  readonly url: string;
  /** Stops accepting, finishes what runs, writes what is pending, closes the database. */
  stop(): Promise<void>;
}

const USAGE_FLUSH_MS = 2000;
const DRAIN_MS_MAX = 20_000;
const MAIL_DRAIN_MS_MAX = 5000;
const ASSESSMENTS_WAITING_MAX = 32;

/**
 * Starts `conchd serve`.
 *
 * @throws ConfigurationError, DatabaseUnusableError.
 */
export async function serve(config: ServeConfig): Promise<RunningServer> {
  const output = createLogOutput();
  const logger = createLogger({
    level: config.logLevel,
    write: (line, level) => output.write(line, level),
    timestamp: () => toTimestamp(systemClock.nowMs()),
  });
  const secrets = await loadSecrets(config.secrets, systemRandom);
  const database = await openDatabase(config.database, {
    createId: () => systemRandom.uuid(),
    nowMs: () => systemClock.nowMs(),
  });
  const mailer = createMailer(config.mail, logger);
  const assessor = createStrengthAssessor(
    createWorkQueue({ concurrency: 1, waitingMax: ASSESSMENTS_WAITING_MAX, retryAfterMs: 1000 }),
  );
  const services = createServices({
    database,
    clock: systemClock,
    random: systemRandom,
    logger,
    argon2,
    hashConcurrency: hashConcurrency(),
    assessPassword: assessor.assess,
    mailer,
    secrets,
    lifetimes: config.lifetimes,
  });
  const app = createServerApp(config, services, logger);
  let listening: Listening;
  try {
    listening = listen(app, config.listen, config.bodyLimitBytes);
  } catch (cause) {
    await database.close();
    const reason = cause instanceof Error ? cause.message : "cannot be listened on";
    throw wrongOption(SERVE_OPTIONS.listen, reason);
  }
  const flushUsage = () =>
    services.usage.flush().catch((error: unknown) => {
      logger.log("warn", "usage_not_written", { cause: describeError(error) });
    });
  const flushing = repeat(USAGE_FLUSH_MS, flushUsage);
  logger.log("info", "listening", { url: listening.url });
  return {
    url: listening.url,
    async stop() {
      logger.log("info", "stopping");
      await Promise.race([listening.stop(), delay(DRAIN_MS_MAX)]);
      await listening.abort();
      flushing.stop();
      await flushUsage();
      await Promise.race([mailer.drain(), delay(MAIL_DRAIN_MS_MAX)]);
      await assessor.close();
      await database.close();
      logger.log("info", "stopped");
      output.flush();
    },
  };
}

function createServerApp(config: ServeConfig, services: Services, logger: Logger): App {
  const isSecure = config.publicUrl?.startsWith("https:") === true;
  return createApp({
    implementations: createImplementations(services, { isSecure }),
    pages: {},
    verifier: services.verifier,
    usage: services.usage,
    clientAddresses: createClientAddresses(config.trustedProxies),
    bodyLimitBytes: config.bodyLimitBytes,
    logger,
    clock: systemClock,
    random: systemRandom,
  });
}

function createMailer(config: MailConfig, logger: Logger): Mailer {
  if ("smtpUrl" in config) {
    return createSmtpMailer({ url: config.smtpUrl, from: config.from, logger });
  }
  const createName = () =>
    `${toTimestamp(systemClock.nowMs()).replaceAll(":", "-")}-${systemRandom.uuid()}`;
  return createFolderMailer({ folder: config.folder, from: config.from, createName, logger });
}
