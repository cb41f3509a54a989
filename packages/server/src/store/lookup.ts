/**
 * The hot path: a credential by its hash, with its user and the place in the change log as of which
 * the answer is true, from one statement. Prepared once, without the query builder, which would cost
 * ten times what the statement does.
 */
import type { LogPosition, Rights } from "@conch/contract";
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

/**
 * Looks a credential up by the SHA-256 of the token, or of a session's id.
 *
 * @throws DatabaseUnavailableError where there is no answer within a second, or another server gives
 *   it than the one that the change log is read from.
 */
export type LookUp = (hash: Uint8Array) => Promise<Found>;

/** The same without waiting, by the bytes or the words of the hash. @throws DatabaseUnavailableError */
export type LookUpNow = (hash: Uint8Array | Int32Array) => Found;

/**
 * Calls `work` soon and once, with a look-up that is good for the duration of that call. What it finds is
 * not older than the call of this function.
 */
export type LookUpSoon = (work: (lookUp: LookUpNow) => void) => void;

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
