import { hash } from "node:crypto";
import { type Rights, isWellFormedToken, TOKEN_PREFIX } from "@conch/contract";
import type { Database } from "../store/database.ts";
import type { TokenKind } from "../store/schema.ts";
import type { Found } from "../store/lookup.ts";
import type { Clock } from "./clock.ts";
import type { SessionJwts } from "./session-jwt.ts";

/** The user that a credential stands for. */
export interface VerifiedUser {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly isAdmin: boolean;
  /** Sessions of this user may only set a new password. */
  readonly mustChangePassword: boolean;
}

/** The credential itself: an API token or a login session. */
export interface VerifiedToken {
  readonly id: string;
  readonly kind: TokenKind;
  /** `""` for sessions. */
  readonly name: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

/** Who makes a request, and with what. */
export interface Caller {
  readonly user: VerifiedUser;
  readonly token: VerifiedToken;
  readonly rights: Rights;
}

/** `unavailable`: whether the credential is good cannot be known now; never treated as invalid. */
export type Verification =
  | ({ readonly status: "ok" } & Caller)
  | { readonly status: "invalid" }
  | { readonly status: "unavailable"; readonly cause?: unknown };

/** Decides whether a credential is good. Never throws. */
export interface Verifier {
  /** @param bearer an API token or a whole login JWT, as `Authorization: Bearer` carries it. */
  verify(bearer: string): Promise<Verification>;
}

const INVALID: Verification = { status: "invalid" };

/** SHA-256 of a token, or of a session's id: what the database knows them by. */
export function credentialHash(text: string): Uint8Array {
  return hash("sha256", text, "buffer");
}

/** A verifier that asks the database each time. */
export function createDatabaseVerifier(options: {
  readonly database: Database;
  readonly sessionJwts: SessionJwts;
  readonly clock: Clock;
}): Verifier {
  const { database, sessionJwts, clock } = options;
  return {
    async verify(bearer) {
      const claim = claimOf(bearer, sessionJwts);
      if (claim === null) return INVALID;
      try {
        const { credential } = await database.lookUp(credentialHash(claim.text));
        if (credential === null || credential.token.kind !== claim.kind) return INVALID;
        return isLive(credential, clock.nowMs())
          ? { status: "ok", ...callerOf(credential) }
          : INVALID;
      } catch (cause) {
        return { status: "unavailable", cause };
      }
    },
  };
}

/** What a credential claims to be, decided without the database; `null` where it cannot be good. */
export function claimOf(
  bearer: string,
  sessionJwts: SessionJwts,
): { readonly kind: TokenKind; readonly text: string } | null {
  if (bearer.startsWith(TOKEN_PREFIX)) {
    return isWellFormedToken(bearer) ? { kind: "api", text: bearer } : null;
  }
  const claims = sessionJwts.verify(bearer);
  return claims === null ? null : { kind: "session", text: claims.jti };
}

type Credential = NonNullable<Found["credential"]>;

function isLive({ token, user }: Credential, nowMs: number): boolean {
  if (token.revokedAtMs !== null || token.expiresAtMs <= nowMs) return false;
  if (user.deactivatedAtMs !== null) return false;
  return token.kind === "api" || !user.refuseSessionAuth;
}

function callerOf({ token, user }: Credential): Caller {
  const { id, email, name, isAdmin, forcePasswordChange: mustChangePassword } = user;
  return { user: { id, email, name, isAdmin, mustChangePassword }, token, rights: token.rights };
}
