import { SHA256 } from "bun";
import { type Rights, isWellFormedToken, TOKEN_PREFIX } from "@conch/contract";
import { type Decision, type Entry, type Key, KEY_WORDS } from "@conch/verify/core/index";
import type { TokenKind } from "../store/schema.ts";
import type { ServerNode } from "./node.ts";
import type { SessionJwts } from "./session-jwt.ts";
import type { VerificationCounts } from "./verification-counts.ts";

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

/**
 * `forbidden`: good, but its rights do not do. `unavailable`: whether the credential is good cannot be
 * known now; never treated as invalid.
 */
export type Verification =
  | ({ readonly status: "ok" | "forbidden" } & Caller)
  | { readonly status: "invalid" }
  | { readonly status: "unavailable"; readonly cause?: unknown };

/** Decides whether a credential is good. Never throws. */
export interface Verifier {
  /**
   * @param bearer an API token or a whole login JWT, as `Authorization: Bearer` carries it.
   * @param permits whether rights do for what is asked; all do by default.
   */
  verify(bearer: string, permits?: (rights: Rights) => boolean): Promise<Verification>;
}

const INVALID: Verification = { status: "invalid" };
const UNAVAILABLE: Verification = { status: "unavailable" };

/** SHA-256 of a token, or of a session's id: what the database knows them by. */
export function credentialHash(text: string): Uint8Array {
  const hash = new Uint8Array(SHA256.byteLength);
  SHA256.hash(text, hash);
  return hash;
}

const key: Key = new Int32Array(KEY_WORDS);
const keyBytes = new Uint8Array(key.buffer);

/** What caches know them by; written over by the next call. */
export function credentialKey(text: string): Key {
  SHA256.hash(text, keyBytes);
  return key;
}

/** A verifier that decides as every node and every verifier does: by cache, lease and change log. */
export function createNodeVerifier(options: {
  readonly node: ServerNode;
  readonly sessionJwts: SessionJwts;
  readonly counts: Pick<VerificationCounts, "count">;
}): Verifier {
  const { node, sessionJwts, counts } = options;
  return {
    async verify(bearer, permits = () => true) {
      const claim = claimOf(bearer, sessionJwts);
      if (claim === null) {
        counts.count("invalid", "form");
        return INVALID;
      }
      const key = credentialKey(claim.text);
      const cached = node.checker.decide(key);
      const decision = cached ?? (await node.checker.check(key, null));
      const verification = toVerification(decision, claim.kind, permits);
      const outcome = verification.status === "ok" ? decision.outcome : verification.status;
      counts.count(outcome, cached === null ? "database" : "cache");
      return verification;
    },
  };
}

/** What a credential claims to be. */
export interface Claim {
  readonly kind: TokenKind;
  /** What its row is found by, as SHA-256. */
  readonly text: string;
}

/** The claim of a credential, decided without the database; `null` where it cannot be good. */
export function claimOf(bearer: string, sessionJwts: SessionJwts): Claim | null {
  if (bearer.startsWith(TOKEN_PREFIX)) {
    return isWellFormedToken(bearer) ? { kind: "api", text: bearer } : null;
  }
  const claims = sessionJwts.verify(bearer);
  return claims === null ? null : { kind: "session", text: claims.jti };
}

function toVerification(
  decision: Decision,
  kind: TokenKind,
  permits: (rights: Rights) => boolean,
): Verification {
  if (decision.outcome === "unavailable") return UNAVAILABLE;
  const mustChangePassword =
    decision.outcome === "invalid" && decision.reason === "password_change_required";
  if (decision.outcome === "invalid" && !mustChangePassword) return INVALID;
  const { entry } = decision;
  // A session is named by its signed JWT alone, never by what its row is found by.
  if (entry.kind !== kind) return INVALID;
  const status = permits(entry.rights) ? "ok" : "forbidden";
  return { status, ...callerOf(entry, mustChangePassword) };
}

function callerOf(entry: Entry, mustChangePassword: boolean): Caller {
  const { id, email, name, isAdmin } = entry.user;
  return {
    user: { id, email, name, isAdmin, mustChangePassword },
    token: {
      id: entry.tokenId,
      kind: entry.kind,
      name: entry.tokenName,
      createdAtMs: entry.createdAtMs,
      expiresAtMs: entry.expiresAtMs,
    },
    rights: entry.rights,
  };
}
