import { ApiError } from "../errors.ts";
import type { Schema, UserRow } from "../store/schema.ts";
import { insertToken, revokeTokens } from "../store/token.ts";
import { findActiveUserByEmail, findUser, lockUser, updateUser } from "../store/user.ts";
import type { Kysely } from "kysely";
import type { AccountTools } from "./account-tools.ts";
import { lockCaller } from "./caller.ts";
import type { RevokeCredential } from "./credential-revocation.ts";
import type { SessionJwts } from "./session-jwt.ts";
import { UUID, isAddress } from "./user-identifier.ts";
import { type Caller, claimOf, credentialHash } from "./verification.ts";

const MINUTE_MS = 60_000;
/** How long a one-time password is good after its first use, and the session that it opens. */
const ONE_TIME_USE_MS = 10 * MINUTE_MS;

/** A session just begun. */
export interface NewSession {
  /** Three segments. */
  readonly jwt: string;
  readonly userId: string;
  /** Only a new password can be set in it. */
  readonly mustChangePassword: boolean;
}

/** Login sessions. */
export interface SessionService {
  /** @throws ApiError 401, 429, 503 `overloaded`. */
  login(identifier: string, password: string, address: string): Promise<NewSession>;
  /** Replaces the caller's session. @throws ApiError 403 `session_required` for an API token. */
  refresh(caller: Caller): Promise<NewSession>;
  /**
   * Ends the session of a login JWT, whatever this node knows of it; anything else is left alone.
   *
   * @throws ApiError `revocation_unconfirmed` where it cannot be known that there is none.
   */
  logout(bearer: string | null): Promise<void>;
}

/** How long sessions live, milliseconds. */
export interface SessionLifetimes {
  readonly sessionMs: number;
  readonly adminSessionMs: number;
}

/** Makes the service. */
export function createSessionService(
  options: Pick<AccountTools, "database" | "clock" | "random" | "attempts" | "hasher"> & {
    readonly sessionJwts: SessionJwts;
    readonly revokeCredential: RevokeCredential;
    readonly lifetimes: SessionLifetimes;
  },
): SessionService {
  const { database, clock, random, attempts, hasher, sessionJwts, lifetimes } = options;

  async function startSession(tx: Kysely<Schema>, user: UserRow): Promise<NewSession> {
    const nowMs = clock.nowMs();
    const mustChangePassword = user.force_password_change === 1;
    const id = random.uuid();
    // Whole seconds, as in the JWT.
    const exp = Math.floor((nowMs + lifeOf(user)) / 1000);
    await insertToken(tx, {
      id,
      user_id: user.id,
      kind: "session",
      name: "",
      held_name: null,
      hash: credentialHash(id),
      rights: "full",
      created_at_ms: nowMs,
      expires_at_ms: exp * 1000,
      revoked_at_ms: null,
      last_used_at_ms: null,
    });
    const jwt = sessionJwts.sign({ uid: user.id, jti: id, exp });
    return { jwt, userId: user.id, mustChangePassword };
  }

  function lifeOf(user: UserRow): number {
    if (user.force_password_change === 1) return ONE_TIME_USE_MS;
    return user.is_admin === 1 ? lifetimes.adminSessionMs : lifetimes.sessionMs;
  }

  return {
    async login(identifier, password, address) {
      const user = await findLogin(database.db, identifier);
      const account = user?.id ?? identifier.toLowerCase();
      const usableHash =
        user !== undefined && isPasswordLive(user, clock.nowMs()) ? user.password_hash : null;
      const isRight = await attempts.guard(account, address, () =>
        hasher.verify(password, usableHash),
      );
      if (!isRight || user === undefined) throw new ApiError("unauthorized");
      const { value } = await database.write(async (tx) => {
        // Anything may have happened while the password was hashed.
        const current = await lockUser(tx, user.id);
        if (current?.deactivated_at_ms !== null || current.password_hash !== usableHash) {
          throw new ApiError("unauthorized");
        }
        const nowMs = clock.nowMs();
        const isOneTime = current.password_expires_at_ms !== null;
        await updateUser(tx, user.id, {
          last_login_at_ms: nowMs,
          refuse_session_auth: 0,
          ...(isOneTime && { password_used_at_ms: current.password_used_at_ms ?? nowMs }),
        });
        return {
          value: await startSession(tx, current),
          changes: current.refuse_session_auth === 1 ? [{ kind: "user", userId: user.id }] : [],
        };
      });
      return value;
    },

    async refresh(caller) {
      if (caller.token.kind !== "session") throw new ApiError("session_required");
      const { value } = await database.write(async (tx) => {
        const user = await lockCaller(tx, caller);
        await revokeTokens(tx, [caller.token.id], clock.nowMs());
        return {
          value: await startSession(tx, user),
          changes: [{ kind: "token", tokenId: caller.token.id, userId: user.id }],
        };
      });
      return value;
    },

    async logout(bearer) {
      if (bearer === null) return;
      const claim = claimOf(bearer, sessionJwts);
      if (claim?.kind === "session") await options.revokeCredential(claim);
    },
  };
}

async function findLogin(db: Kysely<Schema>, identifier: string): Promise<UserRow | undefined> {
  if (UUID.test(identifier)) return findUser(db, identifier.toLowerCase());
  return isAddress(identifier) ? findActiveUserByEmail(db, identifier) : undefined;
}

/** One-time passwords end 7 days after the reset or 10 minutes after their first use. */
function isPasswordLive(user: UserRow, nowMs: number): boolean {
  if (user.deactivated_at_ms !== null) return false;
  if (user.password_expires_at_ms === null) return true;
  const usedAtMs = user.password_used_at_ms ?? nowMs;
  return nowMs < user.password_expires_at_ms && nowMs < usedAtMs + ONE_TIME_USE_MS;
}
