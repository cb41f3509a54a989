import type { Database, OpenContext } from "./database.ts";
import { openPostgres } from "./dialect/postgres.ts";
import { openSqlite } from "./dialect/sqlite.ts";
import { DatabaseUnusableError } from "./errors.ts";

/**
 * Opens a database and brings its schema up to date.
 *
 * @param url `sqlite:FILE` or `postgres://…`.
 * @throws DatabaseUnusableError where it is of no known kind, cannot be opened, was written by a newer
 *   program, or is not there although it has to be.
 */
export async function openDatabase(url: string, context: OpenContext): Promise<Database> {
  const file = /^sqlite:(?<file>.+)$/s.exec(url)?.groups?.["file"];
  if (file !== undefined) return openSqlite(file, context);
  if (/^postgres(ql)?:\/\//.test(url)) return openPostgres(url, context);
  throw new DatabaseUnusableError("a database is sqlite:FILE or postgres://…");
}
