import { expect, test } from "bun:test";
import {
  BOUND_MS_DEFAULT,
  BOUND_MS_MAX,
  changeBound,
  NodesRunningError,
  readBoundMs,
} from "../src/store/configuration.ts";
import { createLogSource } from "../src/store/member.ts";
import { describeEachDialect } from "./databases.ts";

const STATE = { incarnation: "a", applied: 1, low: 1, holders: 0 };
const WISH = { fromSeq: 1, wantsMembers: false };
const TIME_LIMIT_MS = 2_000;
const noPause = async (): Promise<void> => {};

describeEachDialect("the bound", (dialect) => {
  test("is the default in a new database, and is changed for all", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    expect(await readBoundMs(database.db)).toBe(BOUND_MS_DEFAULT);
    await changeBound(database, 2_000, noPause);
    const other = await testDatabase.open();
    expect(await readBoundMs(other.db)).toBe(2_000);
  });

  test("is a whole number within the limits", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    for (const boundMs of [0, -1, 499, 1_000.5, Number.NaN, 25_001]) {
      const error = await changeBound(database, boundMs, noPause).catch(String);
      expect(error).toStartWith("RangeError");
    }
    expect(await readBoundMs(database.db)).toBe(BOUND_MS_DEFAULT);
  });

  test("is not changed while a node is running", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    const source = createLogSource(database.openLease(), BOUND_MS_DEFAULT);
    await source.register("a", TIME_LIMIT_MS);
    const changed = changeBound(database, 2_000, async () => {
      await source.renew(STATE, WISH, TIME_LIMIT_MS);
    });
    const error = await changed.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NodesRunningError);
    expect(await readBoundMs(database.db)).toBe(BOUND_MS_DEFAULT);
  });

  test("is changed over the row of a node that was killed, after the old bound", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    const source = createLogSource(database.openLease(), BOUND_MS_DEFAULT);
    await source.register("a", TIME_LIMIT_MS);
    const pauses: number[] = [];
    await changeBound(database, 2_000, async (ms) => void pauses.push(ms));
    expect(pauses).toEqual([BOUND_MS_DEFAULT]);
    const { value } = await source.renew(STATE, WISH, TIME_LIMIT_MS);
    expect(value.isMember).toBe(false);
  });

  for (const unusable of ["60000", "soon", null]) {
    test(`is set where the database holds ${unusable ?? "none"}, after the largest that nodes had`, async () => {
      await using testDatabase = await dialect.create();
      const database = await testDatabase.open();
      const source = createLogSource(database.openLease(), BOUND_MS_DEFAULT);
      await source.register("a", TIME_LIMIT_MS);
      await database.db.deleteFrom("configuration").execute();
      if (unusable !== null) {
        const row = { key: "bound_ms", value: unusable };
        await database.db.insertInto("configuration").values(row).execute();
      }
      const pauses: number[] = [];
      await changeBound(database, 2_000, async (ms) => void pauses.push(ms));
      expect(await readBoundMs(database.db)).toBe(2_000);
      expect(pauses).toEqual([BOUND_MS_MAX]);
    });
  }

  test("a node that started with another does not register", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    const source = createLogSource(database.openLease(), BOUND_MS_DEFAULT);
    await changeBound(database, 2_000, noPause);
    const registered = source.register("a", TIME_LIMIT_MS);
    const error = await registered.catch((thrown: unknown) => thrown);
    expect(String(error)).toMatch(/bound was changed/);
    expect(await database.db.selectFrom("member").selectAll().execute()).toEqual([]);
  });
});
