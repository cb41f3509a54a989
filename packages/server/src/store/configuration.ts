/** Settings of the whole installation, the same for all of its nodes. */
import { sql, type Kysely, type Transaction } from "kysely";
import type { Database, WriteOptions } from "./database.ts";
import { DatabaseUnusableError } from "./errors.ts";
import type { Schema } from "./schema.ts";

/** The bound B of a new installation. */
export const BOUND_MS_DEFAULT = 5_000;
/** A lease is renewed five times within its life: below this, networks are too slow for that. */
export const BOUND_MS_MIN = 500;
/** A wait takes 1.05 times the bound, and clients give up after 30 seconds. */
export const BOUND_MS_MAX = 25_000;

const BOUND_KEY = "bound_ms";

/** Nodes are running, each of which goes by the bound that it started with. */
export class NodesRunningError extends Error {
  override readonly name = "NodesRunningError";
}

/**
 * The bound B, in milliseconds: a token that was revoked is accepted nowhere any longer than that.
 *
 * @throws DatabaseUnusableError where the database holds none, or one beyond the limits.
 */
export async function readBoundMs(db: Kysely<Schema>): Promise<number> {
  const boundMs = await findBoundMs(db);
  if (boundMs !== null) return boundMs;
  throw new DatabaseUnusableError("the bound in the database is not usable: set it, conchd bound");
}

/** The same; `null` where it cannot be used. */
export async function findBoundMs(db: Kysely<Schema>): Promise<number | null> {
  const row = await db
    .selectFrom("configuration")
    .select("value")
    .where("key", "=", BOUND_KEY)
    .executeTakeFirst();
  const boundMs = Number(row?.value);
  // As it was stored, to the letter: nodes that register compare the text.
  return isBoundMs(boundMs) && row?.value === String(boundMs) ? boundMs : null;
}

function isBoundMs(boundMs: number): boolean {
  return Number.isInteger(boundMs) && boundMs >= BOUND_MS_MIN && boundMs <= BOUND_MS_MAX;
}

/** Stores the bound of a new installation; leaves one that is there. */
export async function createBound(db: Kysely<Schema>): Promise<void> {
  await db
    .insertInto("configuration")
    .values({ key: BOUND_KEY, value: String(BOUND_MS_DEFAULT) })
    .onConflict((conflict) => conflict.column("key").doNothing())
    .execute();
}

/**
 * Holds the bound until the end of the transaction, so that it is not changed under a node that is
 * just about to register.
 *
 * @throws DatabaseUnusableError where it is another than the node started with.
 */
export async function holdBound(tx: Kysely<Schema>, boundMs: number): Promise<void> {
  const held = await lockBound(tx);
  if (held?.value !== String(boundMs)) {
    throw new DatabaseUnusableError("the bound was changed since this node started: restart it");
  }
}

/**
 * Changes the bound, while no node is running.
 *
 * @param pause resolves after that many milliseconds.
 * @throws NodesRunningError where a node is running; nothing was changed.
 * @throws RangeError where the bound is no whole number within the limits.
 */
export async function changeBound(
  database: Database,
  boundMs: number,
  pause: (ms: number) => Promise<void>,
): Promise<void> {
  if (!isBoundMs(boundMs)) {
    throw new RangeError(
      `the bound is from ${BOUND_MS_MIN / 1000} to ${BOUND_MS_MAX / 1000} seconds`,
    );
  }
  await writeWithoutNodes(database, pause, async (tx) => {
    await tx
      .insertInto("configuration")
      .values({ key: BOUND_KEY, value: String(boundMs) })
      .onConflict((conflict) => conflict.column("key").doUpdateSet({ value: String(boundMs) }))
      .execute();
  });
}

/**
 * Runs a transaction that may change the bound. Every node and every verifier goes by the bound that
 * it started with, so no node may be running; the rows of nodes that were killed are told apart by
 * waiting for a beat. Such a node, were it only frozen, has to register anew.
 *
 * @param pause resolves after that many milliseconds.
 * @throws NodesRunningError where a node is running; `work` was not run.
 */
export async function writeWithoutNodes<T>(
  database: Database,
  pause: (ms: number) => Promise<void>,
  work: (tx: Transaction<Schema>) => Promise<T>,
  options?: WriteOptions,
): Promise<T> {
  // One that is not usable was put there by hand: nodes that run started with one that was.
  const oldBoundMs = (await findBoundMs(database.db)) ?? BOUND_MS_MAX;
  const before = await listBeats(database.db);
  // A node beats several times within its bound, and what it handed out has ended by then.
  if (before.size > 0) await pause(oldBoundMs);
  const { value } = await database.write(async (tx) => {
    // No node registers from here on.
    await lockBound(tx);
    const beats = await listBeats(tx);
    const running = [...beats].filter(([node, beat]) => before.get(node) !== beat).length;
    if (running > 0) {
      throw new NodesRunningError(`${running} node(s) are running: stop them first`);
    }
    await tx.deleteFrom("member").execute();
    return { value: await work(tx), changes: [{ kind: "all" }] };
  }, options);
  return value;
}

/** The bound's row, locked until the end of the transaction. */
async function lockBound(tx: Kysely<Schema>): Promise<{ readonly value: string } | undefined> {
  // An update that changes nothing is the lock that both databases have.
  return tx
    .updateTable("configuration")
    .set({ value: sql<string>`value` })
    .where("key", "=", BOUND_KEY)
    .returning("value")
    .executeTakeFirst();
}

async function listBeats(db: Kysely<Schema>): Promise<Map<string, number>> {
  const rows = await db.selectFrom("member").select(["incarnation", "beat"]).execute();
  return new Map(rows.map(({ incarnation, beat }) => [incarnation, beat]));
}
