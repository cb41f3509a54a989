/**
 * The hot path: a credential by its hash, with its user and the place in the change log as of which
 * the answer is true, from one statement. Prepared once, without the query builder, which would cost
 * ten times what the statement does.
 */
import type { LogPosition, Rights } from "@conch/contract";
import { DatabaseUnavailableError } from "./errors.ts";
import type { TokenKind } from "./schema.ts";

/** A credential as its row says; whether it is good is for the caller to decide. */
export interface FoundToken {
  readonly id: string;
  readonly kind: TokenKind;
  readonly name: string;
  readonly rights: Rights;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly revokedAtMs: number | null;
}

/** The user whose credential it is, deactivated ones included. */
export interface FoundUser {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly isAdmin: boolean;
  readonly deactivatedAtMs: number | null;
  readonly refuseSessionAuth: boolean;
  readonly forcePasswordChange: boolean;
}

/** What a look-up answers. */
export interface Found {
  /** The newest row of the change log, in the same state of the database. */
  readonly position: LogPosition;
  /** `null` where no credential has that hash. */
  readonly credential: { readonly token: FoundToken; readonly user: FoundUser } | null;
}

/** SHA-256, as bytes or as words that lie in memory as those bytes do. */
export type Hash = Uint8Array | Int32Array;

/**
 * Looks a credential up by the hash of the token, or of a session's id.
 *
 * @throws DatabaseUnavailableError where there is no answer within a second, or another server gives
 *   it than the one that the change log is read from.
 */
export type LookUp = (hash: Hash) => Promise<Found>;

/** A look-up together with those of the same turn of the event loop. */
export interface BatchedLookUp {
  readonly hash: Hash;
  /** Called once, later; what was found is not older than the question. */
  readonly receive: (found: Found | DatabaseUnavailableError) => void;
}

/** The hot path, in two forms. */
export interface LookUps {
  readonly lookUp: LookUp;
  /** The same without promises, which cost as much as its share of a batch. */
  readonly lookUpInBatch: (asked: BatchedLookUp) => void;
}

/** Makes the form with a promise of the other. */
export function createLookUps(lookUpInBatch: LookUps["lookUpInBatch"]): LookUps {
  return {
    lookUp: (hash) =>
      new Promise((resolve, reject) => {
        const receive: BatchedLookUp["receive"] = (found) =>
          found instanceof DatabaseUnavailableError ? reject(found) : resolve(found);
        lookUpInBatch({ hash, receive });
      }),
    lookUpInBatch,
  };
}

/** Whatever went wrong in a look-up: that nothing is known now. */
export function toLookUpFault(error: unknown): DatabaseUnavailableError {
  if (error instanceof DatabaseUnavailableError) return error;
  const message = error instanceof Error ? error.message : "unknown fault";
  return new DatabaseUnavailableError(`look-up failed: ${message}`, { cause: error });
}

/** What a look-up reads of a token `t` and its user `u`, for `readCredential`. */
export const LOOK_UP_COLUMNS = `
  t.id as token_id, t.kind, t.name as token_name, t.rights, t.created_at_ms, t.expires_at_ms,
  t.revoked_at_ms, u.id as user_id, u.email, u.name as user_name, u.is_admin, u.deactivated_at_ms,
  u.refuse_session_auth, u.force_password_change`;

/** A whole number as the drivers answer it: some spell large ones as text. */
type Integer = number | string;

/** Those columns. */
export interface CredentialRow {
  readonly token_id: string;
  readonly kind: TokenKind;
  readonly token_name: string;
  readonly rights: Rights;
  readonly created_at_ms: Integer;
  readonly expires_at_ms: Integer;
  readonly revoked_at_ms: Integer | null;
  readonly user_id: string;
  readonly email: string;
  readonly user_name: string;
  readonly is_admin: Integer;
  readonly deactivated_at_ms: Integer | null;
  readonly refuse_session_auth: Integer;
  readonly force_password_change: Integer;
}

/** The row as what it means. */
export function readCredential(row: CredentialRow): NonNullable<Found["credential"]> {
  return {
    token: {
      id: row.token_id,
      kind: row.kind,
      name: row.token_name,
      rights: row.rights,
      createdAtMs: Number(row.created_at_ms),
      expiresAtMs: Number(row.expires_at_ms),
      revokedAtMs: toNumberOrNull(row.revoked_at_ms),
    },
    user: {
      id: row.user_id,
      email: row.email,
      name: row.user_name,
      isAdmin: Number(row.is_admin) === 1,
      deactivatedAtMs: toNumberOrNull(row.deactivated_at_ms),
      refuseSessionAuth: Number(row.refuse_session_auth) === 1,
      forcePasswordChange: Number(row.force_password_change) === 1,
    },
  };
}

function toNumberOrNull(value: Integer | null): number | null {
  return value === null ? null : Number(value);
}
