import { access, constants, mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { type Logger, describeError } from "../logging.ts";
import { SERVE_OPTIONS, wrongOption } from "../options.ts";
import type { Mailer } from "../services/mail.ts";
import { composeMessage } from "./message.ts";

/**
 * Makes the folder where there is none: a mail that cannot be written later takes a password with it.
 *
 * @throws ConfigurationError where it cannot be made or written to.
 */
export async function prepareMailFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = error instanceof Error ? error.message : "";
    throw wrongOption(SERVE_OPTIONS.mailFolder, `cannot be written to: ${reason}`);
  }
}

/**
 * Writes mails into a folder, one file a mail, for the operator's eyes only: where there is no SMTP
 * server.
 *
 * @param createName a name that sorts by time and is unique, without extension.
 */
export function createFolderMailer(options: {
  readonly folder: string;
  readonly from: string;
  readonly createName: () => string;
  readonly logger: Logger;
}): Mailer {
  const { folder, from, createName, logger } = options;
  return {
    async send(mail) {
      try {
        const message = await composeMessage(mail, from);
        await mkdir(folder, { recursive: true, mode: 0o700 });
        const file = await open(join(folder, `${createName()}.eml`), "wx", 0o600);
        try {
          await file.writeFile(message);
        } finally {
          await file.close();
        }
        return "file";
      } catch (error) {
        logger.log("error", "mail_failed", { cause: describeError(error) });
        return null;
      }
    },
    async drain() {},
  };
}
