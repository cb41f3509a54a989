/** Queries on `setting`. Keys and values are JSON texts here: any key and any value survives. */
import { type Kysely, sql } from "kysely";
import type { Capabilities } from "./database.ts";
import type { Schema } from "./schema.ts";

/** A user's settings: key and value, both as JSON texts. */
export async function listSettings(
  db: Kysely<Schema>,
  userId: string,
): Promise<(readonly [keyJson: string, valueJson: string])[]> {
  const rows = await db
    .selectFrom("setting")
    .select(["key_json", "value_json"])
    .where("user_id", "=", userId)
    .execute();
  return rows.map((row) => [row.key_json, row.value_json] as const);
}

/** One value, or `undefined`. */
export async function findSetting(
  db: Kysely<Schema>,
  userId: string,
  keyJson: string,
): Promise<string | undefined> {
  const row = await db
    .selectFrom("setting")
    .select("value_json")
    .where("user_id", "=", userId)
    .where("key_json", "=", keyJson)
    .executeTakeFirst();
  return row?.value_json;
}

/** Stores one value. */
export async function putSetting(
  db: Kysely<Schema>,
  userId: string,
  keyJson: string,
  valueJson: string,
): Promise<void> {
  await db
    .insertInto("setting")
    .values({ user_id: userId, key_json: keyJson, value_json: valueJson })
    .onConflict((conflict) =>
      conflict.columns(["user_id", "key_json"]).doUpdateSet({ value_json: valueJson }),
    )
    .execute();
}

/**
 * Stores values where there are none, in one statement: with one each, a body of many holds up
 * everybody else for seconds.
 */
export async function insertSettings(
  db: Kysely<Schema>,
  { jsonElements }: Pick<Capabilities, "jsonElements">,
  userId: string,
  pairs: readonly (readonly [keyJson: string, valueJson: string])[],
): Promise<void> {
  await sql`
    insert into setting (user_id, key_json, value_json)
    select ${userId}, value ->> 0, value ->> 1 from ${jsonElements(JSON.stringify(pairs))}
  `.execute(db);
}

/** Removes one value; `false` where there was none. */
export async function removeSetting(
  db: Kysely<Schema>,
  userId: string,
  keyJson: string,
): Promise<boolean> {
  const result = await db
    .deleteFrom("setting")
    .where("user_id", "=", userId)
    .where("key_json", "=", keyJson)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** Removes all of a user's settings. */
export async function removeSettings(db: Kysely<Schema>, userId: string): Promise<void> {
  await db.deleteFrom("setting").where("user_id", "=", userId).execute();
}
