/**
 * The schema's history. A migration, once released, never changes; a new one gets the next number
 * and runs in the same transaction as all others that are pending.
 */
import type { ColumnDataType, Kysely, RawBuilder } from "kysely";
import { Migrator, type Migration } from "kysely/migration";
import type { OpenContext } from "../database.ts";
import { DatabaseUnusableError } from "../errors.ts";
import * as initial from "./0001-initial.ts";
import * as userLookup from "./0002-user-lookup.ts";

/** Where the databases differ in the definition of tables. */
export interface ColumnTypes {
  /** Text that is compared and sorted by code point. */
  readonly text: ColumnDataType | RawBuilder<unknown>;
  readonly int64: ColumnDataType;
  readonly bytes: ColumnDataType;
  /** Makes the unique, covering index of `token` by `hash` that look-ups use. */
  createLookupIndex(db: Kysely<unknown>): Promise<void>;
  /** Makes the covering index of `user_account` by `id` that look-ups use, where one is of use. */
  createUserLookupIndex(db: Kysely<unknown>): Promise<void>;
}

interface NumberedMigration {
  up(db: Kysely<unknown>, types: ColumnTypes): Promise<void>;
}

const MIGRATIONS: Readonly<Record<string, NumberedMigration>> = {
  "0001-initial": initial,
  "0002-user-lookup": userLookup,
};

/** The migrations that this program knows, in order. */
export const SCHEMA_VERSIONS: readonly string[] = Object.keys(MIGRATIONS).sort();

/** The table that Kysely keeps the applied migrations in. */
interface MigrationTables {
  kysely_migration: { name: string };
}

/**
 * Brings the schema up to date, in one transaction and under a lock: several programs can start at
 * once.
 *
 * @param db a connection without limits on the time of a statement.
 * @throws DatabaseUnusableError where the database was written by a newer program, or its schema
 *   cannot be brought up to date; nothing was changed then.
 */
export async function migrate(
  db: Kysely<unknown>,
  types: ColumnTypes,
  { mustExist = false }: Pick<OpenContext, "mustExist">,
): Promise<void> {
  const migrator = new Migrator({
    db: db as Kysely<MigrationTables>,
    provider: { getMigrations: async () => bindMigrations(types) },
  });
  const applied = await appliedMigrations(db);
  if (mustExist && applied.length === 0) {
    throw new DatabaseUnusableError("the database is empty: it was never used by conchd");
  }
  const unknown = applied.filter((name) => !Object.hasOwn(MIGRATIONS, name));
  if (unknown.length > 0) {
    throw new DatabaseUnusableError(
      `the database has a newer schema (${unknown.join(", ")}) than this program knows ` +
        `(${SCHEMA_VERSIONS.at(-1)}): use the newer program, or restore a backup from before`,
    );
  }
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) {
    throw new DatabaseUnusableError(
      `the schema could not be brought up to date: ${error instanceof Error ? error.message : "unknown fault"}`,
      { cause: error },
    );
  }
}

function bindMigrations(types: ColumnTypes): Record<string, Migration> {
  return Object.fromEntries(
    Object.entries(MIGRATIONS).map(([name, migration]) => [
      name,
      { up: (db: Kysely<unknown>) => migration.up(db, types) },
    ]),
  );
}

async function appliedMigrations(db: Kysely<unknown>): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === "kysely_migration")) return [];
  const rows = await (db as Kysely<MigrationTables>)
    .selectFrom("kysely_migration")
    .select("name")
    .execute();
  return rows.map((row) => row.name);
}
