import { ApiError } from "../errors.ts";
import type { Database } from "../store/database.ts";
import type { TokenKind } from "../store/schema.ts";
import { revokeTokensOfUser } from "../store/token.ts";
import { findUser, updateUser } from "../store/user.ts";
import type { Clock } from "./clock.ts";
import type { MailOutcome, Mailer } from "./mail.ts";
import { revocationMail } from "./mail-texts.ts";
import { requireActiveUser } from "./user-identifier.ts";

/** What to revoke, as sent: neither flag means everything. */
export interface RevocationScope {
  readonly api_only: boolean;
  readonly login_only: boolean;
  /** What the Go client says for `login_only`. */
  readonly auth_only: boolean;
}

/** Takes away a user's API tokens, login sessions, or both. */
export interface RevocationService {
  /** @throws ApiError 400 `conflicting_parameters`. */
  revokeOwn(userId: string, scope: RevocationScope): Promise<void>;
  /** The same for somebody else, who is told by mail. @throws ApiError 400, 404. */
  revokeOf(
    identifier: string,
    scope: RevocationScope,
    options: { readonly sendMail: boolean },
  ): Promise<MailOutcome | null>;
}

/** Makes the service. */
export function createRevocationService(options: {
  readonly database: Database;
  readonly clock: Clock;
  readonly mailer: Mailer;
}): RevocationService {
  const { database, clock, mailer } = options;

  async function revoke(userId: string, kinds: readonly TokenKind[]): Promise<void> {
    await database.write(async (tx) => {
      const user = await findUser(tx, userId);
      const hadAny = await revokeTokensOfUser(tx, userId, kinds, clock.nowMs());
      const refuses = kinds.includes("session") && user?.refuse_session_auth === 0;
      if (refuses) await updateUser(tx, userId, { refuse_session_auth: 1 });
      return { value: undefined, changes: hadAny || refuses ? [{ kind: "user", userId }] : [] };
    });
  }

  return {
    async revokeOwn(userId, scope) {
      await revoke(userId, kindsOf(scope));
    },
    async revokeOf(identifier, scope, { sendMail }) {
      const kinds = kindsOf(scope);
      const user = await requireActiveUser(database.db, identifier);
      await revoke(user.id, kinds);
      return sendMail ? mailer.send(revocationMail(user, kinds)) : null;
    },
  };
}

function kindsOf(scope: RevocationScope): readonly TokenKind[] {
  const isLoginOnly = scope.login_only || scope.auth_only;
  if (isLoginOnly && scope.api_only) throw new ApiError("conflicting_parameters");
  if (isLoginOnly) return ["session"];
  return scope.api_only ? ["api"] : ["api", "session"];
}
