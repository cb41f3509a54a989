import { Email, UserName } from "@conch/contract";
import { type Context, storeContext } from "../context.ts";
import { ApiError } from "../errors.ts";
import { ConfigurationError } from "../options.ts";
import { generatePassword } from "../services/generated-password.ts";
import type { Mailer } from "../services/mail.ts";
import { createPasswordHasher } from "../services/password-hasher.ts";
import { createPasswordPolicy } from "../services/password-policy.ts";
import { createStrengthAssessor } from "../services/password-strength.ts";
import { createUserService } from "../services/user.ts";
import { createWorkQueue } from "../services/work-queue.ts";
import { openDatabase } from "../store/open-database.ts";

/** What `conchd user create` is told. */
export interface UserCreateOptions {
  readonly database: string;
  readonly email: string;
  readonly name?: string | undefined;
  readonly isAdmin: boolean;
  /** `null`: one is made. */
  readonly password: string | null;
}

const NO_MAIL: Mailer = { send: () => Promise.resolve(null), drain: () => Promise.resolve() };

/**
 * Makes a user in the database itself: how the first administrator comes to be.
 *
 * @returns the generated password, or `null` where one was given.
 * @throws ConfigurationError that names the option at fault.
 */
export async function createUser(
  options: UserCreateOptions,
  context: Context,
): Promise<string | null> {
  if (!Email().safeParse(options.email).success) {
    throw new ConfigurationError("--email: must be an e-mail address");
  }
  const name = UserName().optional().safeParse(options.name);
  if (!name.success) {
    throw new ConfigurationError(`--name: ${name.error.issues[0]?.message ?? "is not usable"}`);
  }
  const database = await openDatabase(options.database, storeContext(context));
  const queue = createWorkQueue({ concurrency: 1, waitingMax: 1 });
  const assessor = createStrengthAssessor();
  const createPassword = () => generatePassword(context.random);
  const users = createUserService({
    database,
    clock: context.clock,
    random: context.random,
    hasher: createPasswordHasher(context.argon2, queue, createPassword()),
    policy: createPasswordPolicy(assessor.assess),
    createPassword,
    mailer: NO_MAIL,
  });
  const { email, password, isAdmin } = options;
  const request = { email, name: name.data, isAdmin, ...(password !== null && { password }) };
  try {
    const created = await users.create(null, request, { sendMail: false });
    return password === null ? created.password : null;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const text =
      error.code === "duplicate_user" ? "an active user has that address" : error.message;
    throw new ConfigurationError(error.code === "duplicate_user" ? `--email: ${text}` : text);
  } finally {
    await assessor.close();
    await database.close();
  }
}
