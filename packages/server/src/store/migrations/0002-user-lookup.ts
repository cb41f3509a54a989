import type { Kysely } from "kysely";
import type { ColumnTypes } from "./index.ts";

/** What a look-up reads of the token's user, in an index of its own where that is worth it. */
export async function up(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await types.createUserLookupIndex(db);
}
