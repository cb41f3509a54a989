/**
 * The tables, as Kysely sees them on both databases. Times are milliseconds since the epoch, flags
 * are 0 or 1, hashes are raw bytes, JSON is text: types that SQLite and PostgreSQL share.
 */
import type { Rights } from "@conch/contract";
import type { Insertable, Selectable } from "kysely";

/** A flag as both databases store it. */
export type Bit = 0 | 1;

/** Users, deactivated ones included. Unique: `email_key` among those not deactivated. */
export interface UserTable {
  id: string;
  email: string;
  /** The address in lower case; what is compared. */
  email_key: string;
  name: string;
  is_admin: Bit;
  created_at_ms: number;
  last_login_at_ms: number | null;
  deactivated_at_ms: number | null;
  refuse_session_auth: Bit;
  force_password_change: Bit;
  /** argon2id in PHC form. */
  password_hash: string;
  /** When a one-time password ends; `null` where the password is the user's own. */
  password_expires_at_ms: number | null;
  /** When the one-time password was first used; it ends 10 minutes later at the latest. */
  password_used_at_ms: number | null;
}

/** What a row of `token` is: an API token or a login session. Never told by the name. */
export type TokenKind = "api" | "session";

/** API tokens and login sessions: whatever `Authorization: Bearer` can name. */
export interface TokenTable {
  /** A UUID; for a session also the `jti` of its JWT. */
  id: string;
  user_id: string;
  kind: TokenKind;
  /** `""` for sessions. */
  name: string;
  /**
   * The name while this token holds it, `null` afterwards and for sessions. Unique per user, so two
   * requests cannot create the same name, and an expired token stays listed without holding it.
   */
  held_name: string | null;
  /** SHA-256 of the token; for a session of its `jti`. Unique. */
  hash: Uint8Array;
  rights: Rights;
  created_at_ms: number;
  expires_at_ms: number;
  /** Set by removal and revocation; such a row is refused, listed nowhere, and pruned later. */
  revoked_at_ms: number | null;
  last_used_at_ms: number | null;
}

/** Settings, a row a key; both columns hold JSON text, so that any key and any value survives. */
export interface SettingTable {
  user_id: string;
  key_json: string;
  value_json: string;
}

/** Failed logins within the last minutes, by a hash of account and address. */
export interface LoginFailureTable {
  id: string;
  key_hash: Uint8Array;
  at_ms: number;
}

/** One row: where the change log ends. Its row lock serialises the commits that append. */
export interface ChangeHeadTable {
  id: 1;
  /** Random, made with the database: tells its log from another's. A restored backup has the same. */
  epoch: string;
  seq: number;
  /** That of the newest row, so that a look-up learns its place in the log from one row. */
  uid: string;
}

/** What changed: one token, one user and all that is theirs, or everything. */
export type ChangeKind = "token" | "user" | "all";

/** The change log: every change to what a verification decides by or returns. No gaps. */
export interface ChangeLogTable {
  seq: number;
  /** Random: tells two histories with the same numbers apart. */
  uid: string;
  kind: ChangeKind;
  token_id: string | null;
  user_id: string | null;
  at_ms: number;
}

/** Nodes that hold a lease, a row an incarnation. */
export interface MemberTable {
  /** Fresh at each start of a node, and whenever its row was lost. */
  incarnation: string;
  /** Counts the row's updates; nothing judges a row by a time. */
  beat: number;
  /** The last row of the log that the node has applied. */
  applied: number;
  /** No lease that hangs on the node is behind that row. */
  low: number;
  /** Verifiers that hold a lease from the node. */
  holders: number;
}

/** Settings of the whole installation, such as the bound B (`bound_ms`). */
export interface ConfigurationTable {
  key: string;
  value: string;
}

/** All tables. */
export interface Schema {
  user_account: UserTable;
  token: TokenTable;
  setting: SettingTable;
  login_failure: LoginFailureTable;
  change_head: ChangeHeadTable;
  change_log: ChangeLogTable;
  member: MemberTable;
  configuration: ConfigurationTable;
}

/** A row of `user_account` as read. */
export type UserRow = Selectable<UserTable>;
/** A row of `user_account` as written. */
export type NewUserRow = Insertable<UserTable>;
/** A row of `token` as read. */
export type TokenRow = Selectable<TokenTable>;
/** A row of `token` as written. */
export type NewTokenRow = Insertable<TokenTable>;
