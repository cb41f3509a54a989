/** How often a node reads the log for what is asked of it, in a world whose time passes at once. */
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
  const log = [row(1)];
  let renewals = 0;
  const later = <T>(read: () => T) =>
    new Promise<{ value: T; warning: null }>((resolve) => {
      world.after(1, () => resolve({ value: read(), warning: null }));
    });
  const source: LogSource = {
    register: () => later(() => ({ epoch: "e", rows: log.slice(-1) })),
    renew(_state, { fromSeq }) {
      renewals += 1;
      const rows = () => log.filter(({ seq }) => seq >= (fromSeq ?? log.length));
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
  return { node, log, pass, renewals: () => renewals };
}

test("a look-up as of a row that does not exist takes one renewal, and is refused", async () => {
  const { node, pass, renewals } = start();
  const before = renewals();
  const looked = node.checker.lookUp(KEY, null, 9_000_000_000_000);
  const others = Array.from({ length: 9 }, (_, seq) =>
    node.checker.lookUp(KEY, null, 8_000_000_000_000 + seq),
  );
  pass(500);
  expect(renewals() - before).toBe(1);
  const found = new Set(await Promise.all([looked, ...others]));
  expect(found).toEqual(new Set([null]));
});

test("a look-up as of a row that is new to the node is answered by the next renewal", async () => {
  const { node, log, pass } = start();
  log.push(row(2));
  const looked = node.checker.lookUp(KEY, null, 2);
  pass(10);
  expect(await looked).toMatchObject({ position: { seq: 2 }, entry: null });
});
