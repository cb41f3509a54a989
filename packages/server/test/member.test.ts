import { expect, test } from "bun:test";
import { DatabaseUnavailableError } from "../src/store/errors.ts";
import { BOUND_MS_DEFAULT } from "../src/store/configuration.ts";
import { createLogSource } from "../src/store/member.ts";
import { describeEachDialect } from "./databases.ts";

const STATE = { incarnation: "a", applied: 1, low: 1, holders: 0 };
const TIME_LIMIT_MS = 2_000;

describeEachDialect("LogSource", (dialect) => {
  test("registers a member, beats, and reads the log to its end", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    const source = createLogSource(database.openLease(), BOUND_MS_DEFAULT);
    await source.transaction((tx) => tx.register(STATE), TIME_LIMIT_MS);
    await database.write(async () => ({ value: 0, changes: [{ kind: "user", userId: "u" }] }));
    const { value } = await source.transaction(
      async (tx) => ({
        found: await tx.beat({ ...STATE, low: 2, holders: 3 }),
        all: await tx.read(1),
        newest: await tx.read(null),
        members: await tx.members(),
      }),
      TIME_LIMIT_MS,
    );
    expect(value.found).toBe(true);
    expect(value.all.rows.map(({ seq, kind }) => [seq, kind])).toEqual([
      [1, "all"],
      [2, "user"],
    ]);
    expect(value.newest.rows).toEqual(value.all.rows.slice(1));
    expect(value.newest.epoch).toBe(value.all.epoch);
    expect(value.members).toEqual([{ incarnation: "a", beat: 1, low: 2, holders: 3 }]);
  });

  test("a beat tells that its row is gone", async () => {
    await using testDatabase = await dialect.create();
    const source = createLogSource((await testDatabase.open()).openLease(), BOUND_MS_DEFAULT);
    const { value } = await source.transaction((tx) => tx.beat(STATE), TIME_LIMIT_MS);
    expect(value).toBe(false);
  });

  test("removes a stale row, but not one that has beaten since", async () => {
    await using testDatabase = await dialect.create();
    const source = createLogSource((await testDatabase.open()).openLease(), BOUND_MS_DEFAULT);
    await source.transaction((tx) => tx.register(STATE), TIME_LIMIT_MS);
    await source.transaction((tx) => tx.beat(STATE), TIME_LIMIT_MS);
    await source.removeMember("a", 0, TIME_LIMIT_MS);
    const kept = await source.transaction((tx) => tx.members(), TIME_LIMIT_MS);
    expect(kept.value).toHaveLength(1);
    await source.removeMember("a", 1, TIME_LIMIT_MS);
    const left = await source.transaction((tx) => tx.members(), TIME_LIMIT_MS);
    expect(left.value).toEqual([]);
  });

  test("gives up at the time limit, and works again afterwards", async () => {
    await using testDatabase = await dialect.create();
    const source = createLogSource((await testDatabase.open()).openLease(), BOUND_MS_DEFAULT);
    const never = Promise.withResolvers<void>();
    const hanging = source.transaction(async (tx) => {
      await tx.register(STATE);
      await never.promise;
    }, 50);
    const error = await hanging.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DatabaseUnavailableError);
    never.resolve();
    const { value } = await source.transaction((tx) => tx.members(), TIME_LIMIT_MS);
    expect(value).toEqual([]);
  });

  test("is told of commits by this and by other nodes", async () => {
    await using testDatabase = await dialect.create();
    const [reading, writing] = [await testDatabase.open(), await testDatabase.open()];
    const lease = reading.openLease();
    const source = createLogSource(lease, BOUND_MS_DEFAULT);
    await source.transaction((tx) => tx.read(null), TIME_LIMIT_MS);
    for (const node of [reading, writing]) {
      const told = Promise.withResolvers<void>();
      lease.onGrowth(told.resolve);
      await node.write(async () => ({ value: 0, changes: [{ kind: "all" }] }));
      await told.promise;
    }
    expect((await source.transaction((tx) => tx.read(1), TIME_LIMIT_MS)).value.rows).toHaveLength(
      3,
    );
  });
});
