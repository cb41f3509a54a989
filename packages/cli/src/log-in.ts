import { login, type Session } from "@conch/client";
import { ClientError } from "@conch/client/errors";
import { changePassword } from "@conch/contract/user";
import { clientFor } from "./connect.ts";
import type { CommandContext } from "./command-context.ts";
import { CommandError } from "./command-error.ts";
import { EXIT } from "./exit-codes.ts";
import { checkNotOwnName } from "./own-password.ts";
import { readSecret, requireSecret } from "./secret-input.ts";

/** Who logs in where, and with what. */
export interface LogInInput {
  readonly url: string;
  readonly user: string;
  /** As given with `--password`, `-` for stdin; `undefined` asks. */
  readonly password: string | undefined;
  /** The same for `--new-password`, which is used where a new one must be set. */
  readonly newPassword: string | undefined;
  /** The command to run again with `--new-password`, for who cannot be asked. */
  readonly commandLine: string;
}

/** The options of commands that log in. */
export const LOG_IN_OPTIONS = {
  password: {
    value: "PASSWORD",
    summary:
      "the password; - reads one line of stdin; asked for without echo where it is not given",
  },
  newPassword: {
    value: "PASSWORD",
    summary: "the password to set where a reset requires a new one; - reads one line of stdin",
  },
} as const;

/**
 * Logs in; where the password was a one-time one, sets a new one and logs in with that.
 *
 * @returns a session that can do all that its user may
 */
export async function logIn(context: CommandContext, input: LogInInput): Promise<Session> {
  const password = await requireSecret(context, {
    flag: "--password",
    given: input.password,
    prompt: `Password of ${input.user}`,
  });
  const session = await startSession(context, input.url, input.user, password);
  if (!session.passwordChangeRequired) return session;
  const newPassword = await setNewPassword(context, input, session);
  return startSession(context, input.url, input.user, newPassword);
}

/** Logs in with a password that is known to be a lasting one. */
export async function startSession(
  context: CommandContext,
  url: string,
  user: string,
  password: string,
): Promise<Session> {
  try {
    const session = await login(clientFor(context, url, null), user, password);
    context.masker.remember(session.jwt);
    return session;
  } catch (error) {
    if (!(error instanceof ClientError) || error.fault.kind !== "unauthorized") throw error;
    throw new CommandError(
      EXIT.credential,
      error.fault.code ?? "unauthorized",
      `cannot log in as ${user}: user and password do not match, or the account is not active`,
      "check the address; an administrator can reset the password: conch admin user USER reset",
      { cause: error },
    );
  }
}

async function setNewPassword(
  context: CommandContext,
  input: LogInInput,
  session: Session,
): Promise<string> {
  if (input.newPassword !== undefined || context.isInteractive) {
    context.note(`the password of ${input.user} was reset, so a new one must be set`);
  }
  const newPassword = await readSecret(context, {
    flag: "--new-password",
    given: input.newPassword,
    prompt: `New password of ${input.user}`,
    isNew: true,
  });
  if (newPassword === null) {
    throw new CommandError(
      EXIT.credential,
      "password_change_required",
      `the password of ${input.user} was reset, so a new one must be set, and there is no terminal to ask on`,
      `run ${input.commandLine}, with the one-time password and the new one on two lines of stdin`,
    );
  }
  checkNotOwnName(newPassword, [input.user]);
  const client = clientFor(context, input.url, { kind: "session", jwt: session.jwt });
  // No query: servers of old answer this route to a session like this only without one.
  await client.call(changePassword, { query: {}, body: { password: newPassword } });
  context.note("the new password is set");
  return newPassword;
}
