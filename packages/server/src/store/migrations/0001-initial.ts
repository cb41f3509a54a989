import { sql, type Kysely } from "kysely";
import type { ColumnTypes } from "./index.ts";

/** The tables of `schema.ts`. */
export async function up(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await createUserAccount(db, types);
  await createToken(db, types);
  await createTokenIndexes(db, types);
  await createSetting(db, types);
  await createLoginFailure(db, types);
  await createChangeLog(db, types);
  await createMember(db, types);
  await db.schema
    .createTable("configuration")
    .addColumn("key", types.text, (column) => column.primaryKey())
    .addColumn("value", types.text, (column) => column.notNull())
    .execute();
}

async function createUserAccount(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable("user_account")
    .addColumn("id", types.text, (column) => column.primaryKey())
    .addColumn("email", types.text, (column) => column.notNull())
    .addColumn("email_key", types.text, (column) => column.notNull())
    .addColumn("name", types.text, (column) => column.notNull())
    .addColumn("is_admin", "smallint", (column) => column.notNull())
    .addColumn("created_at_ms", types.int64, (column) => column.notNull())
    .addColumn("last_login_at_ms", types.int64)
    .addColumn("deactivated_at_ms", types.int64)
    .addColumn("refuse_session_auth", "smallint", (column) => column.notNull())
    .addColumn("force_password_change", "smallint", (column) => column.notNull())
    .addColumn("password_hash", types.text, (column) => column.notNull())
    .addColumn("password_expires_at_ms", types.int64)
    .addColumn("password_used_at_ms", types.int64)
    .execute();
  await db.schema
    .createIndex("user_account_email_key")
    .unique()
    .on("user_account")
    .column("email_key")
    .where(sql.ref("deactivated_at_ms"), "is", null)
    .execute();
}

async function createToken(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable("token")
    .addColumn("id", types.text, (column) => column.primaryKey())
    .addColumn("user_id", types.text, (column) => column.notNull().references("user_account.id"))
    .addColumn("kind", types.text, (column) => column.notNull())
    .addColumn("name", types.text, (column) => column.notNull())
    .addColumn("held_name", types.text)
    .addColumn("hash", types.bytes, (column) => column.notNull())
    .addColumn("rights", types.text, (column) => column.notNull())
    .addColumn("created_at_ms", types.int64, (column) => column.notNull())
    .addColumn("expires_at_ms", types.int64, (column) => column.notNull())
    .addColumn("revoked_at_ms", types.int64)
    .addColumn("last_used_at_ms", types.int64)
    .execute();
}

async function createTokenIndexes(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await types.createLookupIndex(db);
  await db.schema
    .createIndex("token_held_name")
    .unique()
    .on("token")
    .columns(["user_id", "held_name"])
    .execute();
  await db.schema
    .createIndex("token_user")
    .on("token")
    .columns(["user_id", "kind", "name"])
    .where(sql.ref("revoked_at_ms"), "is", null)
    .execute();
  // The two ways in which a row becomes prunable.
  await db.schema
    .createIndex("token_expires")
    .on("token")
    .columns(["expires_at_ms"])
    .where(sql.ref("revoked_at_ms"), "is", null)
    .execute();
  await db.schema
    .createIndex("token_revoked")
    .on("token")
    .columns(["revoked_at_ms"])
    .where(sql.ref("revoked_at_ms"), "is not", null)
    .execute();
}

async function createSetting(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable("setting")
    .addColumn("user_id", types.text, (column) => column.notNull().references("user_account.id"))
    .addColumn("key_json", types.text, (column) => column.notNull())
    .addColumn("value_json", types.text, (column) => column.notNull())
    .addPrimaryKeyConstraint("setting_pkey", ["user_id", "key_json"])
    .execute();
}

async function createLoginFailure(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable("login_failure")
    .addColumn("id", types.text, (column) => column.primaryKey())
    .addColumn("key_hash", types.bytes, (column) => column.notNull())
    .addColumn("at_ms", types.int64, (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex("login_failure_key")
    .on("login_failure")
    .columns(["key_hash", "at_ms"])
    .execute();
  await db.schema.createIndex("login_failure_at").on("login_failure").column("at_ms").execute();
}

async function createChangeLog(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable("change_head")
    .addColumn("id", types.int64, (column) => column.primaryKey())
    .addColumn("epoch", types.text, (column) => column.notNull())
    .addColumn("seq", types.int64, (column) => column.notNull())
    .addColumn("uid", types.text, (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("change_log")
    .addColumn("seq", types.int64, (column) => column.primaryKey())
    .addColumn("uid", types.text, (column) => column.notNull())
    .addColumn("kind", types.text, (column) => column.notNull())
    .addColumn("token_id", types.text)
    .addColumn("user_id", types.text)
    .addColumn("at_ms", types.int64, (column) => column.notNull())
    .execute();
}

async function createMember(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable("member")
    .addColumn("incarnation", types.text, (column) => column.primaryKey())
    .addColumn("beat", types.int64, (column) => column.notNull())
    .addColumn("applied", types.int64, (column) => column.notNull())
    .addColumn("low", types.int64, (column) => column.notNull())
    .addColumn("holders", types.int64, (column) => column.notNull())
    .execute();
}
