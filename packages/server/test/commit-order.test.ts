import { expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import type { ChangeRow } from "@conch/verify/core/types";
import { sendChanges } from "../src/store/change-log.ts";
import type { Database } from "../src/store/database.ts";
import { BOUND_MS_DEFAULT } from "../src/store/configuration.ts";
import { DatabaseUnavailableError } from "../src/store/errors.ts";
import { createLogSource } from "../src/store/member.ts";
import { describeEachDialect } from "./databases.ts";

const NODES = 3;
const WRITERS_PER_NODE = 8;
const TRANSACTIONS = 10_000;
const TIME_LIMIT_MS = 60_000;

/** A transaction that was to be rolled back. */
class Rollback extends Error {
  override readonly name = "Rollback";
}

const APPENDING = { createId: randomUUID, nowMs: Date.now, announce: null };

/**
 * One transaction of a node. In turn: plain; slow before the number is drawn; slow while it is held;
 * rolled back before, and after.
 */
async function transact(node: Database, index: number): Promise<{ seq: number; tokenId: string }> {
  const change = { kind: "token", tokenId: randomUUID(), userId: `${index}` } as const;
  const isSlow = index % 20 < 2;
  const isHeld = index % 200 === 3;
  const isRolledBack = index % 10 === 4;
  if (!isHeld && !isRolledBack) {
    const { seq } = await node.write(async () => {
      if (isSlow) await Bun.sleep(index % 7);
      return { value: null, changes: [change] };
    });
    return { seq: seq ?? 0, tokenId: change.tokenId };
  }
  const seq = await node.db.transaction().execute(async (tx) => {
    if (index % 20 === 4) throw new Rollback();
    const append = await sendChanges(tx, [change], APPENDING);
    const drawn = await append.seq;
    if (isHeld) await Bun.sleep(2);
    if (isRolledBack) throw new Rollback();
    return drawn;
  });
  return { seq, tokenId: change.tokenId };
}

/** The same on a machine so busy that a lock is waited for beyond its limit: nothing was committed. */
async function transactPatiently(node: Database, index: number): ReturnType<typeof transact> {
  try {
    return await transact(node, index);
  } catch (error) {
    if (error instanceof DatabaseUnavailableError) return transactPatiently(node, index);
    throw error;
  }
}

/** Follows the log as a lease does, and fails at the first row that is not the next one. */
async function tail(node: Database, isOver: () => boolean): Promise<ChangeRow[]> {
  const source = createLogSource(node.openLease(), BOUND_MS_DEFAULT);
  const state = { incarnation: randomUUID(), applied: 1, low: 1, holders: 0 };
  const read = async (fromSeq: number): Promise<readonly ChangeRow[]> => {
    const wish = { fromSeq, wantsMembers: false };
    return (await source.renew(state, wish, TIME_LIMIT_MS)).value.slice.rows;
  };
  await source.register(state.incarnation, TIME_LIMIT_MS);
  const seen = [...(await read(1))];
  for (let wasOver = false; !wasOver;) {
    wasOver = isOver();
    const cursor = seen.at(-1);
    const [own, ...news] = await read(cursor?.seq ?? 1);
    expect(own).toEqual(cursor);
    for (const row of news) {
      if (row.seq !== (seen.at(-1)?.seq ?? 0) + 1) throw new Error(`${row.seq} is not the next`);
      seen.push(row);
    }
    await Bun.sleep(1);
  }
  return seen;
}

describeEachDialect("the order of commits", (dialect) => {
  test(`${TRANSACTIONS} interleaved, slow and rolled-back transactions: no reader skips a change`, async () => {
    await using testDatabase = await dialect.create();
    const nodes = await Promise.all(Array.from({ length: NODES }, () => testDatabase.open()));
    let isOver = false;
    const tails = Promise.all(nodes.map((node) => tail(node, () => isOver)));
    const committed = new Map<number, string>();
    let next = 0;
    let rolledBack = 0;
    const write = async (node: Database): Promise<void> => {
      while (next < TRANSACTIONS) {
        next += 1;
        try {
          const { seq, tokenId } = await transactPatiently(node, next);
          committed.set(seq, tokenId);
        } catch (error) {
          if (!(error instanceof Rollback)) throw error;
          rolledBack += 1;
        }
      }
    };
    const writers = nodes.flatMap((node) =>
      Array.from({ length: WRITERS_PER_NODE }, () => write(node)),
    );
    await Promise.all([tails, Promise.all(writers).finally(() => (isOver = true))]);
    expect(rolledBack).toBe(TRANSACTIONS / 10);
    expect(committed.size).toBe(TRANSACTIONS - rolledBack);
    for (const seen of await tails) {
      const tokens = seen.slice(1).map(({ seq, tokenId }) => [seq, tokenId] as const);
      expect(tokens).toEqual([...committed].sort(([a], [b]) => a - b));
    }
  }, 120_000);
});
