import type { ChangeLogContext } from "./change-log.ts";
import type { Database } from "./database.ts";
import { openPostgres } from "./dialect/postgres.ts";
import { openSqlite } from "./dialect/sqlite.ts";
import { DatabaseUnusableError } from "./errors.ts";

/**
 * Opens a database and brings its schema up to date.
 *
 * @param url `sqlite:FILE` or `postgres://…`.
 * @throws DatabaseUnusableError where it is of no known kind, cannot be opened, or was written by a
 *   newer program.
 */
export async function openDatabase(url: string, context: ChangeLogContext): Promise<Database> {
  const file = /^sqlite:(?<file>.+)$/s.exec(url)?.groups?.["file"];
  if (file !== undefined) return openSqlite(file, context);
  if (/^postgres(ql)?:\/\//.test(url)) return openPostgres(url, context);
  throw new DatabaseUnusableError("a database is sqlite:FILE or postgres://…");
}
