import { ApiError } from "../errors.ts";
import type { Change } from "../store/database.ts";
import type { TokenKind, UserRow } from "../store/schema.ts";
import { revokeTokensOfUser } from "../store/token.ts";
import { findUser, updateUser } from "../store/user.ts";
import type { AccountTools } from "./account-tools.ts";
import { lockCaller } from "./caller.ts";
import { type Revocation, runRevocation } from "./confirmation.ts";
import type { MailOutcome } from "./mail.ts";
import { passwordResetMail } from "./mail-texts.ts";
import { lockActiveUser } from "./user-identifier.ts";
import type { Caller } from "./verification.ts";

const DAY_MS = 86_400_000;
/** How long a one-time password waits for its first use. */
const ONE_TIME_LIFE_MS = 7 * DAY_MS;

const CLEARED: Readonly<Record<string, readonly TokenKind[]>> = {
  "0": [],
  no: [],
  false: [],
  none: [],
  "1": ["session"],
  login_only: ["session"],
  all: ["session", "api"],
};

/** A user's own wish for a new password. */
export interface PasswordChange {
  readonly password: string;
  readonly currentPassword?: string | undefined;
  /** `clear_tokens` as sent. */
  readonly clear?: string | undefined;
  readonly address: string;
}

/** Passwords: changed by their users, reset by administrators. */
export interface PasswordService {
  /**
   * @throws ApiError 400 `weak_password`, `wrong_password` or an unknown `clear_tokens`; 429 after
   *   too many wrong current passwords; 401 where the caller's credential was revoked meanwhile.
   */
  change(caller: Caller, change: PasswordChange): Promise<Revocation>;
  /** Sets a one-time password and mails it. @throws ApiError 400, 404. */
  reset(
    caller: Caller,
    identifier: string,
    options: { readonly clear?: string | undefined; readonly sendMail: boolean },
  ): Promise<Revocation & { readonly mail: MailOutcome | null }>;
}

/** Makes the service. */
export function createPasswordService(
  options: Pick<
    AccountTools,
    "database" | "clock" | "attempts" | "hasher" | "policy" | "createPassword" | "mailer"
  >,
): PasswordService {
  const { database, clock, attempts, hasher, policy, createPassword, mailer } = options;

  async function checkCurrent(user: UserRow, password: string, address: string): Promise<void> {
    const isRight = await attempts.guard(user.id, address, () =>
      hasher.verify(password, user.password_hash),
    );
    if (!isRight) {
      throw new ApiError("wrong_password", {
        message: "current_password: is not the current password",
      });
    }
  }

  return {
    async change(caller, { password, currentPassword, clear, address }) {
      const cleared = clearedKinds(clear);
      const user = await findUser(database.db, caller.user.id);
      if (user === undefined) throw new ApiError("unauthorized");
      if (currentPassword !== undefined) await checkCurrent(user, currentPassword, address);
      await policy.check(password, user);
      const isOneTime = user.password_expires_at_ms !== null;
      if (isOneTime && (await hasher.verify(password, user.password_hash))) {
        throw new ApiError("weak_password", {
          message: "password: must not be the one-time password",
        });
      }
      const passwordHash = await hasher.hash(password);
      return database.write(async (tx) => {
        await lockCaller(tx, caller);
        await updateUser(tx, user.id, {
          password_hash: passwordHash,
          password_expires_at_ms: null,
          password_used_at_ms: null,
          force_password_change: 0,
          refuse_session_auth: 0,
        });
        await revokeTokensOfUser(tx, user.id, cleared, clock.nowMs());
        return { value: undefined, changes: [userChange(user.id)] };
      });
    },

    async reset(caller, identifier, { clear, sendMail }) {
      const cleared = clearedKinds(clear);
      const password = createPassword();
      const passwordHash = await hasher.hash(password);
      const { value: user, revocation } = await runRevocation(database, async (tx) => {
        const user = await lockActiveUser(tx, caller, identifier);
        const nowMs = clock.nowMs();
        await updateUser(tx, user.id, {
          password_hash: passwordHash,
          password_expires_at_ms: nowMs + ONE_TIME_LIFE_MS,
          password_used_at_ms: null,
          force_password_change: 1,
          ...(cleared.length > 0 && { refuse_session_auth: 1 }),
        });
        await revokeTokensOfUser(tx, user.id, cleared, nowMs);
        return { value: user, changes: [userChange(user.id)] };
      });
      const mail = sendMail ? await mailer.send(passwordResetMail(user, password)) : null;
      return { ...revocation, mail };
    },
  };
}

function userChange(userId: string): Change {
  return { kind: "user", userId };
}

function clearedKinds(clear = "login_only"): readonly TokenKind[] {
  const kinds = Object.hasOwn(CLEARED, clear) ? CLEARED[clear] : undefined;
  if (kinds !== undefined) return kinds;
  const message = `unrecognized "clear_tokens" value "${clear}"`;
  throw new ApiError("invalid_request", { message });
}
