/** When credentials were last used, written in batches. */
import { sql } from "kysely";
import type { Database } from "./database.ts";

/** When each of these tokens was last used, by its id, in milliseconds since the epoch. */
export type Usage = ReadonlyMap<string, number>;

/**
 * Writes uses. Only updates, so that a token that is gone stays gone; in the order of ids, so that
 * two nodes cannot lock each other; never back in time, before the token was made, or ahead of this
 * node's clock. A row that another transaction holds is left out where the database can tell: its next
 * use will do.
 *
 * @param nowMs this node's wall clock.
 */
export async function recordUsage(
  { db, capabilities }: Pick<Database, "db" | "capabilities">,
  usage: Usage,
  nowMs: number,
): Promise<void> {
  const entries = [...usage].sort(([left], [right]) => (left < right ? -1 : 1));
  const { usageRowsMax } = capabilities;
  const locking = capabilities.skipLocked
    ? sql`order by token.id for update of token skip locked`
    : sql``;
  for (let start = 0; start < entries.length; start += usageRowsMax) {
    const values = entries
      .slice(start, start + usageRowsMax)
      .map(([id, atMs]) => [id, Math.min(atMs, nowMs)] as const);
    // One parameter: hundreds of them take SQLite ten times as long as the rest of the statement.
    await sql`
      with reported(id, at_ms) as (
        select value ->> 0, cast(value ->> 1 as bigint)
        from ${capabilities.jsonElements(JSON.stringify(values))}
      ),
      used as (
        select token.id, reported.at_ms from token join reported on reported.id = token.id
        where token.last_used_at_ms is null or token.last_used_at_ms < reported.at_ms
        ${locking}
      )
      update token
      set last_used_at_ms = case when used.at_ms < created_at_ms then created_at_ms else used.at_ms end
      from used where token.id = used.id
    `.execute(db);
  }
}
