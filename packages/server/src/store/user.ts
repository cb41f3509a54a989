/** Queries on `user_account`. */
import type { Kysely, Updateable } from "kysely";
import type { NewUserRow, Schema, UserRow, UserTable } from "./schema.ts";

/** Addresses are compared in lower case. */
export function emailKeyOf(email: string): string {
  return email.toLowerCase();
}

/** The user of that id, deactivated or not. */
export function findUser(db: Kysely<Schema>, id: string): Promise<UserRow | undefined> {
  return db.selectFrom("user_account").selectAll().where("id", "=", id).executeTakeFirst();
}

/**
 * The same, locked until the end of the transaction: what makes credentials of a user and what takes
 * them away wait for each other, so that none is made behind the back of a revocation.
 */
export function lockUser(tx: Kysely<Schema>, id: string): Promise<UserRow | undefined> {
  return (
    tx
      .updateTable("user_account")
      // An update that changes nothing is the lock that both databases have.
      .set((expression) => ({ is_admin: expression.ref("is_admin") }))
      .where("id", "=", id)
      .returningAll()
      .executeTakeFirst()
  );
}

/** The active user of that address. */
export function findActiveUserByEmail(
  db: Kysely<Schema>,
  email: string,
): Promise<UserRow | undefined> {
  return selectByEmail(db, email).where("deactivated_at_ms", "is", null).executeTakeFirst();
}

/** The user of that address who was deactivated last. */
export function findDeactivatedUserByEmail(
  db: Kysely<Schema>,
  email: string,
): Promise<UserRow | undefined> {
  return selectByEmail(db, email)
    .where("deactivated_at_ms", "is not", null)
    .orderBy("deactivated_at_ms", "desc")
    .executeTakeFirst();
}

function selectByEmail(db: Kysely<Schema>, email: string) {
  return db.selectFrom("user_account").selectAll().where("email_key", "=", emailKeyOf(email));
}

/** All active users by address. */
export function listActiveUsers(db: Kysely<Schema>): Promise<UserRow[]> {
  return db
    .selectFrom("user_account")
    .selectAll()
    .where("deactivated_at_ms", "is", null)
    .orderBy("email_key")
    .execute();
}

/** Stores a user; `false` where an active user has the address. */
export async function insertUser(db: Kysely<Schema>, row: NewUserRow): Promise<boolean> {
  const result = await db
    .insertInto("user_account")
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

/** Changes columns of one user. */
export async function updateUser(
  db: Kysely<Schema>,
  id: string,
  patch: Updateable<UserTable>,
): Promise<void> {
  await db.updateTable("user_account").set(patch).where("id", "=", id).execute();
}
