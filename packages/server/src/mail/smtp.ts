import { createTransport } from "nodemailer";
import { type Logger, describeError } from "../logging.ts";
import type { Mailer } from "../services/mail.ts";
import { composeMessage } from "./message.ts";

const CONNECT_MS_MAX = 10_000;
const IDLE_MS_MAX = 30_000;

/**
 * Sends mails over SMTP, in the background, a few at a time.
 *
 * @param url `smtp://` or `smtps://`, with user and password where the server wants them.
 */
export function createSmtpMailer(options: {
  readonly url: string;
  readonly from: string;
  readonly logger: Logger;
}): Mailer {
  const { from, logger } = options;
  const transport = createTransport({
    url: options.url,
    pool: true,
    maxConnections: 2,
    connectionTimeout: CONNECT_MS_MAX,
    greetingTimeout: CONNECT_MS_MAX,
    socketTimeout: IDLE_MS_MAX,
  });
  const underWay = new Set<Promise<void>>();

  async function deliver(to: string, message: Promise<Buffer>): Promise<void> {
    try {
      await transport.sendMail({ envelope: { from, to }, raw: await message });
      logger.log("info", "mail_sent");
    } catch (error) {
      logger.log("error", "mail_failed", { cause: describeError(error) });
    }
  }

  return {
    async send(mail) {
      const delivery = deliver(mail.to, composeMessage(mail, from));
      underWay.add(delivery);
      void delivery.then(() => underWay.delete(delivery));
      return "sent";
    },
    async drain() {
      await Promise.all(underWay);
      transport.close();
    },
  };
}
