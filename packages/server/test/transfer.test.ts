import { expect, test } from "bun:test";
import {
  BOUND_MS_DEFAULT,
  changeBound,
  NodesRunningError,
  readBoundMs,
} from "../src/store/configuration.ts";
import type { Database } from "../src/store/database.ts";
import { createLogSource } from "../src/store/member.ts";
import { exportDatabase, importDatabase } from "../src/store/transfer.ts";
import { describeEachDialect, POSTGRES, TEST_DIALECTS } from "./databases.ts";
import { query } from "./postgres.ts";
import { createTokenRow, createUserRow, hashOf } from "./rows.ts";

const STATE = { incarnation: "a", applied: 1, low: 1, holders: 0 };
const TIME_LIMIT_MS = 2_000;
const pause = async (): Promise<void> => {};

async function collect(database: Database): Promise<string[]> {
  const lines: string[] = [];
  await exportDatabase(database, async (line) => void lines.push(line.slice(0, -1)));
  return lines;
}

async function* replay(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

/** More rows than a page, and every kind of value. */
async function fill({ db }: Database): Promise<void> {
  const users = Array.from({ length: 3 }, (_, index) =>
    createUserRow({ name: `Zoë \u{1F41A} "${index}"`, deactivated_at_ms: index === 1 ? 5 : null }),
  );
  await db.insertInto("user_account").values(users).execute();
  for (const user of users) {
    const tokens = Array.from({ length: 450 }, (_, index) =>
      createTokenRow({ user_id: user.id, revoked_at_ms: index % 2 === 0 ? null : index }),
    );
    await db.insertInto("token").values(tokens).execute();
    const settings = Array.from({ length: 400 }, (_, index) => ({
      user_id: user.id,
      key_json: JSON.stringify(`a.\0/${index}`),
      value_json: "null",
    }));
    await db.insertInto("setting").values(settings).execute();
  }
  const failure = { id: "f", key_hash: hashOf("f"), at_ms: 3 };
  await db.insertInto("login_failure").values(failure).execute();
}

describeEachDialect("export", (source) => {
  for (const target of TEST_DIALECTS) {
    test(`and import into ${target.name}: the same rows, counts and checksum`, async () => {
      await using from = await source.create();
      await using to = await target.create();
      const [exporting, importing] = [await from.open(), await to.open()];
      await fill(exporting);
      const lines = await collect(exporting);
      const transfer = await importDatabase(importing, replay(lines), { replace: false, pause });
      expect(transfer.counts).toEqual({
        configuration: 1,
        user_account: 3,
        token: 1_350,
        setting: 1_200,
        login_failure: 1,
      });
      expect(await collect(importing)).toEqual(lines);
    });
  }
});

describeEachDialect("import", (dialect) => {
  test("tells verifications to forget everything", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    const lines = await collect(database);
    await importDatabase(database, replay(lines), { replace: false, pause });
    const log = await database.db.selectFrom("change_log").select(["seq", "kind"]).execute();
    expect(log.at(-1)).toEqual({ seq: 2, kind: "all" });
  });

  test("needs an empty database, unless it is to replace what is there", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    await fill(database);
    const lines = await collect(database);
    await database.db.updateTable("user_account").set({ name: "other" }).execute();
    const refused = importDatabase(database, replay(lines), { replace: false, pause });
    expect(await refused.catch(String)).toContain("not empty");
    await importDatabase(database, replay(lines), { replace: true, pause });
    expect(await collect(database)).toEqual(lines);
  });

  test("is refused while a node is running, whose bound it would change, and reads nothing", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    await changeBound(database, 2_000, pause);
    const lines = await collect(database);
    await changeBound(database, BOUND_MS_DEFAULT, pause);
    const source = createLogSource(database.openLease(), BOUND_MS_DEFAULT);
    await source.register("a", TIME_LIMIT_MS);
    let wasRead = false;
    const read = async function* () {
      wasRead = true;
      yield* lines;
    };
    const beat = async () => {
      await source.renew(STATE, { fromSeq: 1, wantsMembers: false }, TIME_LIMIT_MS);
    };
    for (const replace of [false, true]) {
      const imported = importDatabase(database, read(), { replace, pause: beat });
      const error = await imported.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(NodesRunningError);
    }
    expect(wasRead).toBe(false);
    expect(await readBoundMs(database.db)).toBe(BOUND_MS_DEFAULT);
  });

  test("brings its bound, after the old one over the row of a node that was killed", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    await changeBound(database, 2_000, pause);
    const lines = await collect(database);
    await changeBound(database, BOUND_MS_DEFAULT, pause);
    const source = createLogSource(database.openLease(), BOUND_MS_DEFAULT);
    await source.register("a", TIME_LIMIT_MS);
    const pauses: number[] = [];
    const options = { replace: false, pause: async (ms: number) => void pauses.push(ms) };
    await importDatabase(database, replay(lines), options);
    expect(pauses).toEqual([BOUND_MS_DEFAULT]);
    expect(await readBoundMs(database.db)).toBe(2_000);
    // It was only frozen: it finds that it is none of the nodes, and cannot become one.
    const wish = { fromSeq: 1, wantsMembers: false };
    const { value } = await source.renew(STATE, wish, TIME_LIMIT_MS);
    expect(value.isMember).toBe(false);
    const again = await source.register("b", TIME_LIMIT_MS).catch(String);
    expect(again).toContain("the bound was changed");
  });

  // The last is five seconds to whoever reads it as a number; nodes compare the text.
  test.each(["7", "x", "5e3"])(
    "with the bound %p is refused, and changes nothing",
    async (value) => {
      await using testDatabase = await dialect.create();
      const database = await testDatabase.open();
      await database.db.updateTable("configuration").set({ value }).execute();
      const lines = await collect(database);
      await changeBound(database, BOUND_MS_DEFAULT, pause);
      const refused = importDatabase(database, replay(lines), { replace: true, pause });
      expect(await refused.catch(String)).toContain("no bound that can be used");
      expect(await readBoundMs(database.db)).toBe(BOUND_MS_DEFAULT);
    },
  );

  const replaceLine = (lines: readonly string[], index: number, text: string): string[] =>
    lines.with(index, text);
  const FAULTS: Record<string, [(lines: string[]) => string[], string]> = {
    "cut off": [(lines) => lines.slice(0, -1), "cut off"],
    "of nothing": [() => [], "cut off"],
    "with a row missing": [(lines) => lines.toSpliced(-2, 1), "counts"],
    "with a user missing": [(lines) => lines.toSpliced(2, 1), "cannot be stored"],
    "with a row changed": [
      (lines) => replaceLine(lines, 2, (lines[2] ?? "").replace("Zo", "Bo")),
      "wrong checksum",
    ],
    "with a line that is not JSON": [(lines) => replaceLine(lines, 2, "{"), "line 3: not a line"],
    "with a value of the wrong type": [
      (lines) => replaceLine(lines, 2, (lines[2] ?? "").replace('"is_admin":0', '"is_admin":"x"')),
      "line 3: user_account.is_admin is of the wrong type",
    ],
    "of another schema": [
      (lines) => replaceLine(lines, 0, (lines[0] ?? "").replace("0002", "0003")),
      "same version of conchd",
    ],
    "that is no export": [() => ["{}"], "line 1: not an export"],
    "with lines after its end": [(lines) => [...lines, "{}"], "after the end"],
  };
  for (const [name, [damage, fault]] of Object.entries(FAULTS)) {
    test(`refuses a stream ${name}, and changes nothing`, async () => {
      await using testDatabase = await dialect.create();
      const database = await testDatabase.open();
      await fill(database);
      const lines = await collect(database);
      const refused = importDatabase(database, replay(damage(lines)), { replace: true, pause });
      expect(await refused.catch(String)).toContain(fault);
      expect(await collect(database)).toEqual(lines);
    });
  }
});

test("a transfer takes as long as its statements do, whatever limits they have otherwise", async () => {
  await using testDatabase = await POSTGRES.create();
  const database = await testDatabase.open();
  const lines = await collect(database);
  const name = new URL(testDatabase.url).pathname.slice(1);
  await query(
    testDatabase.url,
    `alter database ${name} set statement_timeout = '2s';
    create function wait() returns trigger language plpgsql as $$
    begin perform pg_sleep(6.5); return null; end $$;
    create trigger wait before delete on token for each statement execute function wait()`,
  );
  await importDatabase(database, replay(lines), { replace: true, pause: async () => {} });
  expect(await collect(database)).toEqual(lines);
});
