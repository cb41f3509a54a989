import { expect, test } from "bun:test";
import { DatabaseUnavailableError, UniqueViolationError } from "../src/store/errors.ts";
import { BOUND_MS_DEFAULT } from "../src/store/configuration.ts";
import { readHint } from "../src/store/change-log.ts";
import type { Change } from "../src/store/database.ts";
import { createLogSource } from "../src/store/member.ts";
import { describeEachDialect } from "./databases.ts";

const STATE = { incarnation: "a", applied: 1, low: 1, holders: 0 };
const EVERYTHING = { fromSeq: 1, wantsMembers: true };
const TIME_LIMIT_MS = 2_000;
const CHANGES: readonly Change[] = [
  { kind: "token", tokenId: "t-1", userId: "u-1" },
  { kind: "user", userId: "u-1" },
];
const HINTS = [
  { seq: 2, kind: "token", tokenId: "t-1", userId: null },
  { seq: 3, kind: "user", tokenId: null, userId: "u-1" },
];

describeEachDialect("LogSource", (dialect) => {
  test("registers a member, beats, and reads the log to its end", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    const source = createLogSource(database.openLease(), BOUND_MS_DEFAULT);
    const registered = await source.register("a", TIME_LIMIT_MS);
    await database.write(async () => ({ value: 0, changes: [{ kind: "user", userId: "u" }] }));
    const state = { ...STATE, low: 2, holders: 3 };
    const { value } = await source.renew(state, EVERYTHING, TIME_LIMIT_MS);
    expect(value.isMember).toBe(true);
    expect(value.slice.rows.map(({ seq, kind }) => [seq, kind])).toEqual([
      [1, "all"],
      [2, "user"],
    ]);
    expect(registered.value).toEqual({ ...value.slice, rows: value.slice.rows.slice(0, 1) });
    expect(value.members).toEqual([{ incarnation: "a", beat: 1, low: 2, holders: 3 }]);
    const wish = { fromSeq: null, wantsMembers: false };
    const newest = (await source.renew(state, wish, TIME_LIMIT_MS)).value;
    expect(newest.slice).toEqual({ ...value.slice, rows: value.slice.rows.slice(1) });
    expect(newest.members).toBeNull();
  });

  test("a beat tells that its row is gone", async () => {
    await using testDatabase = await dialect.create();
    const source = createLogSource((await testDatabase.open()).openLease(), BOUND_MS_DEFAULT);
    const { value } = await source.renew(STATE, EVERYTHING, TIME_LIMIT_MS);
    expect(value.isMember).toBe(false);
  });

  test("removes a stale row, but not one that has beaten since", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    const source = createLogSource(database.openLease(), BOUND_MS_DEFAULT);
    const members = () => database.db.selectFrom("member").select("incarnation").execute();
    await source.register("a", TIME_LIMIT_MS);
    await source.renew(STATE, EVERYTHING, TIME_LIMIT_MS);
    await source.removeMember("a", 0, TIME_LIMIT_MS);
    expect(await members()).toHaveLength(1);
    await source.removeMember("a", 1, TIME_LIMIT_MS);
    expect(await members()).toEqual([]);
  });

  test("gives up at the time limit, and works again afterwards", async () => {
    await using testDatabase = await dialect.create();
    const lease = (await testDatabase.open()).openLease();
    const source = createLogSource(lease, BOUND_MS_DEFAULT);
    const never = Promise.withResolvers<void>();
    const hanging = lease.transaction(async (tx) => {
      await tx
        .insertInto("member")
        .values({ ...STATE, beat: 0 })
        .execute();
      await never.promise;
    }, 50);
    const error = await hanging.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DatabaseUnavailableError);
    never.resolve();
    const { value } = await source.renew(STATE, EVERYTHING, TIME_LIMIT_MS);
    expect(value.members).toEqual([]);
  });

  test("a batch is one transaction, and one that fails leaves a connection that works", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    const lease = database.openLease();
    const row = { ...STATE, beat: 0 };
    const failing = lease.batch(
      (db) => [
        db.insertInto("member").values(row),
        db.insertInto("member").values(row),
        db.insertInto("member").values({ ...row, incarnation: "b" }),
      ],
      TIME_LIMIT_MS,
    );
    expect(await failing.catch((thrown: unknown) => thrown)).toBeInstanceOf(UniqueViolationError);
    const [inserted, found] = await lease.batch(
      (db) => [db.insertInto("member").values(row), db.selectFrom("member").select("incarnation")],
      TIME_LIMIT_MS,
    );
    expect(inserted.numAffectedRows).toBe(1n);
    expect(found.rows).toEqual([{ incarnation: "a" }]);
  });

  test("is told of commits by this and by other nodes", async () => {
    await using testDatabase = await dialect.create();
    const [reading, writing] = [await testDatabase.open(), await testDatabase.open()];
    const lease = reading.openLease();
    const source = createLogSource(lease, BOUND_MS_DEFAULT);
    await source.renew(STATE, EVERYTHING, TIME_LIMIT_MS);
    for (const [index, node] of [reading, writing].entries()) {
      const told = Promise.withResolvers<unknown>();
      lease.onGrowth(told.resolve);
      await node.write(async () => ({ value: 0, changes: [CHANGES[index]!] }));
      // One that is not in this process, or not on PostgreSQL, tells no more than that.
      expect(await told.promise).toEqual(dialect.name === "postgres" ? HINTS[index] : null);
    }
    const { value } = await source.renew(STATE, EVERYTHING, TIME_LIMIT_MS);
    expect(value.slice.rows).toHaveLength(3);
  });

  test("of many changes at once it tells no more than that there are some", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    const lease = database.openLease();
    await createLogSource(lease, BOUND_MS_DEFAULT).register("a", TIME_LIMIT_MS);
    const hints: unknown[] = [];
    const told = Promise.withResolvers<void>();
    lease.onGrowth((hint) => {
      hints.push(hint);
      told.resolve();
    });
    const changes = Array.from({ length: 9 }, () => CHANGES[0]!);
    await database.write(async () => ({ value: 0, changes }));
    await told.promise;
    expect(hints).toEqual([null]);
  });
});

test("what is announced in another form is no hint", () => {
  expect(readHint("7 all -")).toEqual({ seq: 7, kind: "all", tokenId: null, userId: null });
  for (const text of [
    "",
    "all",
    "7 all",
    "x all -",
    "7 other t",
    "7 token",
    "7 token a b",
    "7 token ",
  ]) {
    expect(readHint(text)).toBeNull();
  }
});
