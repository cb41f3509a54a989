/** A mail, in plain text. */
export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** `sent`: handed to the SMTP queue; `file`: there is no SMTP server, it lies in the mail folder. */
export type MailOutcome = "sent" | "file";

/** Sends mails after a commit. A failure is logged and never reaches whoever asked. */
export interface Mailer {
  /** Resolves before an SMTP server has answered; `null` where a file could not be written. */
  send(mail: Mail): Promise<MailOutcome | null>;
  /** Resolves when nothing is under way any more. */
  drain(): Promise<void>;
}
