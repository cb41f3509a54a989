/** The change log: appending, with the row lock that puts the log in the order of the commits. */
import { sql, type CompiledQuery, type Kysely, type RawBuilder, type Transaction } from "kysely";
import type { LogPosition } from "@conch/contract";
import type { LogSlice } from "@conch/verify/core/log-source";
import type { Hint } from "@conch/verify/core/types";
import type { Change } from "./database.ts";
import type { ChangeKind, Schema } from "./schema.ts";

/** What appending needs of the outside. */
export interface ChangeLogContext {
  /** A random UUID. */
  readonly createId: () => string;
  /** Wall clock, milliseconds since the epoch; for people who read the log, nothing depends on it. */
  readonly nowMs: () => number;
}

/** How a database appends. */
export interface Appending extends ChangeLogContext {
  /**
   * Evaluated for each row that is appended; tells other programs of the commit, where the database
   * can. Many rows are announced without a payload.
   */
  readonly announce: ((payload: RawBuilder<string>) => RawBuilder<unknown>) | null;
}

/** So many changes of one transaction are named to other programs. */
const ANNOUNCED_MAX = 8;

/** A row that is appended, as `readHint` reads it: its number, its kind, and whose id it has. */
const HINT = sql<string>`seq || ' ' || kind || ' ' || coalesce(token_id, user_id, '-')`;
const NO_HINT = sql<string>`''`;

const HINT_FORM = /^(?<seq>\d{1,15}) (?<kind>token|user|all) (?<id>[\w-]{1,64})$/;

/** What was announced; `null` where nothing is named, or not in this form. */
export function readHint(payload: string): Hint | null {
  const { seq, kind, id = "" } = HINT_FORM.exec(payload)?.groups ?? {};
  if (seq === undefined) return null;
  if (kind === "token") return { seq: Number(seq), kind, tokenId: id, userId: null };
  if (kind === "user") return { seq: Number(seq), kind, tokenId: null, userId: id };
  return { seq: Number(seq), kind: "all", tokenId: null, userId: null };
}

/** Statements on their way to the database. */
export interface Append {
  /** The number of the last change; rejects where the transaction can no longer be committed. */
  readonly seq: Promise<number>;
}

/**
 * Appends the changes of a transaction; must be its last act. The update of the one row of
 * `change_head` holds a lock until the commit, and a rollback gives the numbers back: the log has
 * neither gaps nor rows that appear out of order, as a sequence would make them.
 *
 * Resolves when the statements have been sent, not when they are answered, so that COMMIT can follow
 * in the same flight: all nodes wait while the lock is held.
 */
export async function sendChanges(
  tx: Transaction<Schema>,
  changes: readonly Change[],
  context: Appending,
): Promise<Append> {
  const [update, insert] = compileAppend(tx, changes, context);
  const sent = Promise.withResolvers<void>();
  const seq = tx.getExecutor().provideConnection(async (connection) => {
    const updated = connection.executeQuery<{ seq: number }>(update);
    const inserted = connection.executeQuery(insert);
    sent.resolve();
    const [head] = await Promise.all([updated, inserted]);
    return head.rows[0]?.seq ?? 0;
  });
  // Whoever waits for the number is told; the commit may fail first.
  seq.catch(sent.reject);
  await sent.promise;
  return { seq };
}

function compileAppend(
  tx: Transaction<Schema>,
  changes: readonly Change[],
  { createId, nowMs, announce }: Appending,
): [CompiledQuery<{ seq: number }>, CompiledQuery] {
  const uids = changes.map(createId);
  const update = tx
    .updateTable("change_head")
    .set({ seq: sql<number>`seq + ${changes.length}`, uid: uids.at(-1) ?? "" })
    .where("id", "=", 1)
    .returning("seq");
  const head = tx.selectFrom("change_head").select("seq").where("id", "=", 1);
  const atMs = nowMs();
  const insert = tx
    .insertInto("change_log")
    .values(
      changes.map((change, index) => ({
        seq: sql<number>`(${head}) - ${sql.lit(changes.length - 1 - index)}`,
        uid: uids[index] ?? "",
        kind: change.kind,
        token_id: change.kind === "token" ? change.tokenId : null,
        user_id: change.kind === "all" ? null : change.userId,
        at_ms: atMs,
      })),
    )
    .$if(announce !== null, (query) =>
      query.returning(
        (announce?.(changes.length > ANNOUNCED_MAX ? NO_HINT : HINT) ?? sql`null`).as("announced"),
      ),
    );
  return [update.compile(), insert.compile()];
}

/** A row of `logQuery`: the head, and with it a row of the log where there is one. */
export interface LogQueryRow {
  readonly epoch: string;
  readonly seq: number | null;
  readonly uid: string | null;
  readonly kind: ChangeKind | null;
  readonly token_id: string | null;
  readonly user_id: string | null;
}

/**
 * Reads the log to its end in one statement, so that the epoch and the rows belong together. In a
 * READ COMMITTED transaction the statement sees all that was committed before it began.
 *
 * @param fromSeq the first row to read; `null`: the newest alone, which is never pruned.
 */
export function logQuery(db: Kysely<Schema>, fromSeq: number | null) {
  return db
    .selectFrom("change_head as head")
    .leftJoin("change_log as log", (join) =>
      fromSeq === null ? join.onRef("log.seq", "=", "head.seq") : join.on("log.seq", ">=", fromSeq),
    )
    .where("head.id", "=", 1)
    .orderBy("log.seq")
    .select(["head.epoch", "log.seq", "log.uid", "log.kind", "log.token_id", "log.user_id"]);
}

/** What `logQuery` found. */
export function toLogSlice(rows: readonly LogQueryRow[]): LogSlice {
  return {
    epoch: rows[0]?.epoch ?? "",
    rows: rows.flatMap(({ seq, uid, kind, token_id, user_id }) =>
      seq === null || uid === null || kind === null
        ? []
        : [{ seq, uid, kind, tokenId: token_id, userId: user_id }],
    ),
  };
}

/**
 * Gives a new database its epoch and the first row of its log, the row that a cursor at the head of
 * a new database stands on. Does nothing where they exist.
 */
export async function createChangeHead(db: Kysely<Schema>, context: Appending): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const made = await tx
      .insertInto("change_head")
      .values({ id: 1, epoch: context.createId(), seq: 0, uid: "" })
      .onConflict((conflict) => conflict.column("id").doNothing())
      .executeTakeFirst();
    if (made.numInsertedOrUpdatedRows !== 1n) return;
    const { seq } = await sendChanges(tx, [{ kind: "all" }], context);
    await seq;
  });
}

/** The end of the log, from one statement. */
export async function readHead(db: Kysely<Schema>): Promise<LogPosition> {
  return db
    .selectFrom("change_head")
    .select(["epoch", "seq", "uid"])
    .where("id", "=", 1)
    .executeTakeFirstOrThrow();
}
