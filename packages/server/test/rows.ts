/** Rows for tests of the store. */
import { createHash, randomUUID } from "node:crypto";
import type { TokenRow, UserRow } from "../src/store/schema.ts";

/** A user; whatever a test does not care about is filled in. */
export function createUserRow(given: Partial<UserRow> = {}): UserRow {
  const id = given.id ?? randomUUID();
  return {
    id,
    email: `${id}@example.com`,
    email_key: `${id}@example.com`,
    name: "Someone",
    is_admin: 0,
    created_at_ms: 1_700_000_000_000,
    last_login_at_ms: null,
    deactivated_at_ms: null,
    refuse_session_auth: 0,
    force_password_change: 0,
    password_hash: "",
    password_expires_at_ms: null,
    password_used_at_ms: null,
    ...given,
  };
}

/** An API token of a user. */
export function createTokenRow(given: Partial<TokenRow> & Pick<TokenRow, "user_id">): TokenRow {
  const id = given.id ?? randomUUID();
  return {
    id,
    kind: "api",
    name: id,
    held_name: given.name ?? id,
    hash: hashOf(id),
    rights: "full",
    created_at_ms: 1_700_000_000_000,
    expires_at_ms: 4_000_000_000_000,
    revoked_at_ms: null,
    last_used_at_ms: null,
    ...given,
  };
}

/** SHA-256 of a text. */
export function hashOf(text: string): Uint8Array {
  return new Uint8Array(createHash("sha256").update(text).digest());
}

/** An address that nobody has. */
export function newAddress(): string {
  return `${randomUUID()}@example.com`;
}
