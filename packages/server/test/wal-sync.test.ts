import { Database as Connection } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kysely, sql } from "kysely";
import { createSqliteKyselyDialect, openConnection } from "../src/store/dialect/sqlite-driver.ts";
import { createWalSync, type WalSync } from "../src/store/dialect/wal-sync.ts";
import { CommitUnconfirmedError, DatabaseUnavailableError } from "../src/store/errors.ts";

interface Tables {
  readonly t: { readonly x: number };
}

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "conchd-test-"));
  file = join(folder, "conch.db");
  const connection = openConnection(file);
  connection.run("create table t (x integer)");
  connection.close();
});
afterEach(() => rm(folder, { recursive: true }));

function openKysely(walSync: WalSync): Kysely<Tables> {
  const [writer, reader] = [openConnection(file), openConnection(file, { readonly: true })];
  return new Kysely({ dialect: createSqliteKyselyDialect(file, { writer, reader, walSync }) });
}

const insert = (db: Kysely<Tables>, x: number) =>
  db.transaction().execute((tx) => tx.insertInto("t").values({ x }).execute());

test("no write is acknowledged before the disk has it, and the next one need not wait to begin", async () => {
  const turns: PromiseWithResolvers<void>[] = [];
  const sync = () => {
    const turn = Promise.withResolvers<void>();
    turns.push(turn);
    return turn.promise;
  };
  const db = openKysely({ sync, close: async () => {} });
  const acknowledged: number[] = [];
  const writes = [
    insert(db, 1).then(() => acknowledged.push(1)),
    insert(db, 2).then(() => acknowledged.push(2)),
    sql`insert into t values (3)`.execute(db).then(() => acknowledged.push(3)),
  ];
  while (turns.length < 3) await Bun.sleep(1);
  expect(acknowledged).toEqual([]);
  for (const place of [2, 0, 1]) {
    turns[place]?.resolve();
    await writes[place];
  }
  expect(acknowledged).toEqual([3, 1, 2]);
  await db.destroy();
});

test("what the disk refuses is not acknowledged, nor is anything after", async () => {
  const failures: unknown[] = [];
  // There is no such file: every turn fails as on a broken disk.
  const walSync = createWalSync(join(folder, "missing"), (error) => failures.push(error));
  const db = openKysely(walSync);
  expect(await insert(db, 1).catch((error: unknown) => error)).toBeInstanceOf(
    CommitUnconfirmedError,
  );
  await Bun.write(join(folder, "missing-wal"), "");
  expect(
    await sql`insert into t values (2)`.execute(db).catch((error: unknown) => error),
  ).toBeInstanceOf(DatabaseUnavailableError);
  expect(failures).toHaveLength(1);
  await db.destroy();
});

test("writes at once share a turn of the disk, none an older one than its own commit", async () => {
  const order: string[] = [];
  const real = createWalSync(file, () => {});
  const other = new Connection(file);
  other.run("insert into t values (0)");
  const first = real.sync().then(() => order.push("first"));
  await Bun.sleep(0);
  const [second, third] = [real.sync(), real.sync()];
  expect(second).toBe(third);
  await Promise.all([first, second.then(() => order.push("second"))]);
  expect(order).toEqual(["first", "second"]);
  expect(real.sync()).not.toBe(second);
  await real.close();
  other.close();
});
