/** What a node reads of the log and tells of itself, in a world whose time passes at once. */
import { expect, test } from "bun:test";
import type { LogSource } from "../../src/core/log-source.ts";
import { createNode } from "../../src/core/node.ts";
import type { ChangeRow } from "../../src/core/types.ts";
import { keyOf } from "../keys.ts";
import { createMachine, createProcess, createRandom, createWorld } from "../simulation/world.ts";

const BOUND_MS = 5000;
const KEY = keyOf("key");

function row(seq: number): ChangeRow {
  return { seq, uid: `u${seq}`, kind: "all", tokenId: null, userId: null };
}

/** A node, and a database that answers after a millisecond. */
function start() {
  const world = createWorld();
  const { edge } = createProcess(world, createMachine(world, 1, 0), createRandom(1));
  let log = [row(1)];
  let renewals = 0;
  let told = 0;
  const later = <T>(read: () => T) =>
    new Promise<{ value: T; warning: null }>((resolve) => {
      world.after(1, () => resolve({ value: read(), warning: null }));
    });
  const source: LogSource = {
    register: () => later(() => ({ epoch: "e", rows: log.slice(-1) })),
    renew({ low }, { fromSeq }) {
      renewals += 1;
      told = low;
      const rows = () => log.filter(({ seq }) => seq >= (fromSeq ?? log.at(-1)!.seq));
      return later(() => ({
        isMember: true,
        slice: { epoch: "e", rows: rows() },
        members: null,
      }));
    },
    removeMember: () => Promise.resolve(),
  };
  const node = createNode<null>({
    edge,
    boundMs: BOUND_MS,
    source,
    async lookUp() {
      const { seq, uid } = log.at(-1)!;
      return { position: { epoch: "e", seq, uid }, record: null, keepMs: 1000 };
    },
    lookUpsMax: 1,
    entriesMax: 10,
    createIncarnation: () => "n",
  });
  node.start();
  const pass = (ms: number) => world.run(world.now() + ms, () => true);
  pass(100);
  return {
    node,
    pass,
    append: (newRow: ChangeRow) => log.push(newRow),
    replaceLog: (newest: ChangeRow) => (log = [newest]),
    renewals: () => renewals,
    toldLow: () => told,
  };
}

test("a look-up as of a row that does not exist takes one renewal, and is refused", async () => {
  const { node, pass, renewals } = start();
  const before = renewals();
  const lookUp = (seq: number) => node.checker.lookUp(KEY, null, seq);
  const looked = lookUp(9_000_000_000_000);
  pass(500);
  expect(renewals() - before).toBe(1);
  expect(await looked).toBeNull();
});

test("many such look-ups share a renewal that begins after all of them", async () => {
  const { node, pass, renewals } = start();
  const before = renewals();
  const looked = Array.from({ length: 9 }, (_, index) =>
    node.checker.lookUp(KEY, null, 9_000_000_000_000 + index),
  );
  pass(500);
  // The first begins one at once, which is too early for the rest.
  expect(renewals() - before).toBe(2);
  expect(new Set(await Promise.all(looked))).toEqual(new Set([null]));
});

test("a look-up as of a row that is new to the node is answered by the next renewal", async () => {
  const { node, append, pass } = start();
  append(row(2));
  const looked = node.checker.lookUp(KEY, null, 2);
  pass(10);
  expect(await looked).toMatchObject({ position: { seq: 2 }, entry: null });
});

test("in another history the places of its verifiers are worth nothing", async () => {
  const { node, append, pass, replaceLog, toldLow } = start();
  for (let seq = 2; seq <= 12; seq += 1) append(row(seq));
  pass(2000);
  const cursor = node.history.cursor();
  const poll = { holder: "h", poll: 1, cursor, hold: false };
  expect(await node.feed.answer(poll, () => {})).toMatchObject({ reset: false });
  pass(2000);
  expect([cursor?.seq, toldLow()]).toEqual([12, 12]);
  // A backup was restored. The verifier has come to row 12, but to none of this log.
  replaceLog({ ...row(8), uid: "other" });
  pass(1000);
  append(row(9));
  pass(1500);
  expect([node.history.cursor()?.seq, toldLow()]).toEqual([9, 0]);
  pass(3000);
  expect(toldLow()).toBe(9);
});
