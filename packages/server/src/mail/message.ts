import MailComposer from "nodemailer/lib/mail-composer/index.js";
import type { Mail } from "../services/mail.ts";

/**
 * A mail as it goes over the wire or into a file. Headers are encoded, and line breaks in them
 * folded away, by the library. The body is plain ASCII where it can be; quoted-printable else, in
 * which letters and digits, and so passwords of ours, stay as they are.
 */
export function composeMessage(mail: Mail, from: string): Promise<Buffer> {
  return new MailComposer({
    from,
    to: { name: "", address: mail.to },
    subject: mail.subject,
    text: mail.text,
    textEncoding: "quoted-printable",
    newline: "\r\n",
  })
    .compile()
    .build();
}
