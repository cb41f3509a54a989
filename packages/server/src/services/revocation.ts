import type { Kysely } from "kysely";
import { ApiError } from "../errors.ts";
import type { Schema, TokenKind, UserRow } from "../store/schema.ts";
import { revokeTokensOfUser } from "../store/token.ts";
import { lockUser, updateUser } from "../store/user.ts";
import type { AccountTools } from "./account-tools.ts";
import { type Revocation, runRevocation } from "./confirmation.ts";
import type { RevokeCredential } from "./credential-revocation.ts";
import type { MailOutcome } from "./mail.ts";
import { revocationMail } from "./mail-texts.ts";
import type { SessionJwts } from "./session-jwt.ts";
import { lockActiveUser } from "./user-identifier.ts";
import { type Caller, claimOf } from "./verification.ts";

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
  revokeOwn(userId: string, scope: RevocationScope): Promise<Revocation>;
  /** The same for somebody else, who is told by mail. @throws ApiError 400, 404. */
  revokeOf(
    caller: Caller,
    identifier: string,
    scope: RevocationScope,
    options: { readonly sendMail: boolean },
  ): Promise<Revocation & { readonly mail: MailOutcome | null }>;
  /**
   * Revokes one API token or login session by its value; unknown and dead ones are no error.
   *
   * @throws ApiError `revocation_unconfirmed` where it cannot be known that it is unknown.
   */
  revokeToken(token: string): Promise<void>;
}

/** Makes the service. */
export function createRevocationService(
  options: Pick<AccountTools, "database" | "clock" | "mailer"> & {
    readonly sessionJwts: SessionJwts;
    readonly revokeCredential: RevokeCredential;
  },
): RevocationService {
  const { database, clock, mailer, sessionJwts, revokeCredential } = options;

  /** @param lock finds the user, and locks the row. */
  function revoke(kinds: readonly TokenKind[], lock: (tx: Kysely<Schema>) => Promise<UserRow>) {
    return runRevocation(database, async (tx) => {
      const user = await lock(tx);
      const { id: userId } = user;
      const hadAny = await revokeTokensOfUser(tx, userId, kinds, clock.nowMs());
      const refuses = kinds.includes("session") && user.refuse_session_auth === 0;
      if (refuses) await updateUser(tx, userId, { refuse_session_auth: 1 });
      return { value: user, changes: hadAny || refuses ? [{ kind: "user", userId }] : [] };
    });
  }

  return {
    async revokeOwn(userId, scope) {
      const { revocation } = await revoke(kindsOf(scope), async (tx) => {
        const user = await lockUser(tx, userId);
        if (user === undefined) throw new ApiError("unauthorized");
        return user;
      });
      return revocation;
    },
    async revokeOf(caller, identifier, scope, { sendMail }) {
      const kinds = kindsOf(scope);
      const { value: user, revocation } = await revoke(kinds, (tx) =>
        lockActiveUser(tx, caller, identifier),
      );
      const mail = sendMail ? await mailer.send(revocationMail(user, kinds)) : null;
      return { ...revocation, mail };
    },

    async revokeToken(token) {
      const claim = claimOf(token, sessionJwts);
      if (claim !== null) await revokeCredential(claim);
    },
  };
}

function kindsOf(scope: RevocationScope): readonly TokenKind[] {
  const isLoginOnly = scope.login_only || scope.auth_only;
  if (isLoginOnly && scope.api_only) throw new ApiError("conflicting_parameters");
  if (isLoginOnly) return ["session"];
  return scope.api_only ? ["api"] : ["api", "session"];
}
