/** Queries on `login_failure`: in the database, so that all nodes count together. */
import type { Kysely } from "kysely";
import type { Schema } from "./schema.ts";

/** When the failures under a key after `sinceMs` happened, the newest first, at most `limit`. */
export async function listFailures(
  db: Kysely<Schema>,
  keyHash: Uint8Array,
  sinceMs: number,
  limit: number,
): Promise<number[]> {
  const rows = await db
    .selectFrom("login_failure")
    .select("at_ms")
    .where("key_hash", "=", keyHash)
    .where("at_ms", ">", sinceMs)
    .orderBy("at_ms", "desc")
    .limit(limit)
    .execute();
  return rows.map((row) => row.at_ms);
}

/** Stores a failure; pruned when it no longer counts. */
export async function addFailure(
  db: Kysely<Schema>,
  failure: { readonly id: string; readonly keyHash: Uint8Array; readonly atMs: number },
): Promise<void> {
  await db
    .insertInto("login_failure")
    .values({ id: failure.id, key_hash: failure.keyHash, at_ms: failure.atMs })
    .execute();
}
