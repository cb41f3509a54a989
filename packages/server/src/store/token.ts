/** Queries on `token`: API tokens and login sessions. */
import type { Kysely } from "kysely";
import type { NewTokenRow, Schema, TokenKind, TokenRow } from "./schema.ts";

/** A user's API tokens that were not revoked and have not expired before `listedSinceMs`. */
export function listApiTokens(
  db: Kysely<Schema>,
  userId: string,
  listedSinceMs: number,
  name?: string,
): Promise<TokenRow[]> {
  const query = db
    .selectFrom("token")
    .selectAll()
    .where("user_id", "=", userId)
    .where("kind", "=", "api")
    .where("revoked_at_ms", "is", null)
    .where("expires_at_ms", ">", listedSinceMs);
  return (name === undefined ? query : query.where("name", "=", name)).execute();
}

/** Takes the name from a token that has expired. */
export async function releaseExpiredName(
  db: Kysely<Schema>,
  userId: string,
  name: string,
  nowMs: number,
): Promise<void> {
  await db
    .updateTable("token")
    .set({ held_name: null })
    .where("user_id", "=", userId)
    .where("held_name", "=", name)
    .where("expires_at_ms", "<=", nowMs)
    .execute();
}

/** Stores a token or session; `false` where a live token of the user holds the name. */
export async function insertToken(db: Kysely<Schema>, row: NewTokenRow): Promise<boolean> {
  const result = await db
    .insertInto("token")
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

/** Whether a token or session is there and was not revoked. */
export async function isUnrevoked(db: Kysely<Schema>, id: string): Promise<boolean> {
  const row = await db
    .selectFrom("token")
    .select("id")
    .where("id", "=", id)
    .where("revoked_at_ms", "is", null)
    .executeTakeFirst();
  return row !== undefined;
}

/** Revokes rows by id; `true` where one of them was not revoked already. */
export async function revokeTokens(
  db: Kysely<Schema>,
  ids: readonly string[],
  nowMs: number,
): Promise<boolean> {
  if (ids.length === 0) return false;
  const result = await db
    .updateTable("token")
    .set({ revoked_at_ms: nowMs, held_name: null })
    .where("id", "in", ids)
    .where("revoked_at_ms", "is", null)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Revokes all of a user's rows of these kinds; `true` where there were any left to revoke. */
export async function revokeTokensOfUser(
  db: Kysely<Schema>,
  userId: string,
  kinds: readonly TokenKind[],
  nowMs: number,
): Promise<boolean> {
  if (kinds.length === 0) return false;
  const result = await db
    .updateTable("token")
    .set({ revoked_at_ms: nowMs, held_name: null })
    .where("user_id", "=", userId)
    .where("kind", "in", kinds)
    .where("revoked_at_ms", "is", null)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}
