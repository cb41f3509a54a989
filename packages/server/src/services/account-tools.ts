import type { Database } from "../store/database.ts";
import type { Clock, Random } from "./clock.ts";
import type { LoginAttempts } from "./login-attempts.ts";
import type { Mailer } from "./mail.ts";
import type { PasswordHasher } from "./password-hasher.ts";
import type { PasswordPolicy } from "./password-policy.ts";

/** What the services of accounts and their credentials work with; each takes what it needs. */
export interface AccountTools {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly attempts: LoginAttempts;
  readonly hasher: PasswordHasher;
  readonly policy: PasswordPolicy;
  /** Makes a password that nobody can guess. */
  readonly createPassword: () => string;
  readonly mailer: Mailer;
}
