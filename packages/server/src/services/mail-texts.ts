/**
 * What mails say. Credentials stand on lines of their own, so that scripts and people can copy them.
 */
import type { TokenKind } from "../store/schema.ts";
import type { Mail } from "./mail.ts";

/** Whom a mail is for. */
interface Recipient {
  readonly name: string;
  readonly email: string;
}

function mailOf(to: string, subject: string, ...paragraphs: readonly string[]): Mail {
  return { to, subject, text: `${paragraphs.join("\n\n")}\n` };
}

function accountLines(user: Recipient, password?: string): string {
  const lines = [`Username: ${user.name}`, `Email: ${user.email}`];
  return [...lines, ...(password === undefined ? [] : [`Password: ${password}`])].join("\n");
}

/** To a new user, with the password. */
export function welcomeMail(user: Recipient, password: string): Mail {
  return mailOf(
    user.email,
    "Your Conch account",
    "An account was made for you.",
    accountLines(user, password),
    "Log in with it:\nconch profile create --name NAME --user EMAIL",
  );
}

/** To a user whose password was reset, with the one-time password. */
export function passwordResetMail(user: Recipient, password: string): Mail {
  return mailOf(
    user.email,
    "Your Conch password was reset",
    "An administrator has reset your password. This one is good for one\n" +
      "login within 7 days, at which you set a new one.",
    accountLines(user, password),
    "Log in with it:\nconch profile relogin",
  );
}

/** To a user whose credentials an administrator revoked. */
export function revocationMail(user: Recipient, kinds: readonly TokenKind[]): Mail {
  const what = [
    ...(kinds.includes("api") ? ["API tokens"] : []),
    ...(kinds.includes("session") ? ["logins"] : []),
  ];
  return mailOf(
    user.email,
    "Your Conch access was revoked",
    `An administrator has revoked all of your ${what.join(" and ")}.`,
    accountLines(user),
  );
}

/** To a user whose account an administrator changed; to the old address too where that changed. */
export function accountChangedMail(user: Recipient, to: string): Mail {
  return mailOf(
    to,
    "Your Conch account was changed",
    "An administrator has changed your account. It is now:",
    accountLines(user),
  );
}
