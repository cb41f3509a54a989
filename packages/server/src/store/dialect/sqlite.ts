/** SQLite: one file, WAL, every commit synced to disk. */
import { closeSync, openSync } from "node:fs";
import { Kysely, type ColumnDataType } from "kysely";
import { createChangeHead, type ChangeLogContext } from "../change-log.ts";
import type { Database } from "../database.ts";
import { DatabaseUnusableError } from "../errors.ts";
import { migrate, type ColumnTypes } from "../migrations/index.ts";
import type { Schema } from "../schema.ts";
import { createSqliteKyselyDialect } from "./sqlite-driver.ts";
import { createWrite, createSnapshot } from "./transaction.ts";

const COLUMN_TYPES: ColumnTypes = {
  text: "text",
  int64: "integer",
  // Kysely's list of types has no blob; SQLite takes any word.
  bytes: "blob" as ColumnDataType,
  async createLookupIndex(db) {
    await db.schema.createIndex("token_hash").unique().on("token").column("hash").execute();
    // No INCLUDE here: the columns that a look-up reads are columns of an index of their own.
    await db.schema
      .createIndex("token_lookup")
      .on("token")
      .columns([
        "hash",
        "id",
        "user_id",
        "kind",
        "name",
        "rights",
        "created_at_ms",
        "expires_at_ms",
        "revoked_at_ms",
      ])
      .execute();
  },
};

/** Opens, and makes where there is none (mode 0600), the database in a file. */
export async function openSqlite(file: string, context: ChangeLogContext): Promise<Database> {
  createPrivateFile(file);
  const db = new Kysely<Schema>({ dialect: createSqliteKyselyDialect(file) });
  const appending = { ...context, announcement: null };
  try {
    await migrate(db as Kysely<unknown>, COLUMN_TYPES);
    await createChangeHead(db, appending);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return {
    db,
    capabilities: { skipLocked: false },
    write: createWrite(db, appending, () => {}),
    snapshot: createSnapshot(db, null),
    close: () => db.destroy(),
  };
}

/** SQLite would make it readable for others; the files beside it take its mode. */
function createPrivateFile(file: string): void {
  try {
    closeSync(openSync(file, "a", 0o600));
  } catch (error) {
    throw new DatabaseUnusableError(
      `the database ${file} cannot be opened: ${error instanceof Error ? error.message : "unknown fault"}`,
      { cause: error },
    );
  }
}
