import { expect, setDefaultTimeout, test } from "bun:test";
import { copyFile, mkdtemp, rename, rm, stat } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Database as Connection } from "bun:sqlite";
import type { Database } from "../src/store/database.ts";
import { DatabaseUnusableError } from "../src/store/errors.ts";
import { openDatabase } from "../src/store/open-database.ts";

setDefaultTimeout(60_000);

const CONTEXT = { createId: randomUUID, nowMs: Date.now };

/** Runs a test on a database whose file it knows. */
async function withFile(work: (file: string, database: Database) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "conch-test-"));
  const file = join(directory, "conch.db");
  const database = await openDatabase(`sqlite:${file}`, CONTEXT);
  try {
    await work(file, database);
  } finally {
    await database.close();
    await rm(directory, { recursive: true });
  }
}

test("a SQLite database and what lies beside it are readable by their owner alone", async () => {
  await withFile(async (file) => {
    for (const name of [file, `${file}-wal`, `${file}-shm`]) {
      expect((await stat(name)).mode & 0o777).toBe(0o600);
    }
  });
});

test("another file at the path of a SQLite database ends its use", async () => {
  await withFile(async (file, database) => {
    const lease = database.openLease();
    await lease.transaction(async () => {}, 10_000);
    await copyFile(file, `${file}.copy`);
    await rename(`${file}.copy`, file);
    const error = await lease
      .transaction(async () => {}, 10_000)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DatabaseUnusableError);
    expect(await database.unusable).toBe(error as DatabaseUnusableError);
  });
});

test("a write waits for another process's transaction without stopping this one", async () => {
  await withFile(async (file, database) => {
    const other = new Connection(file);
    other.run("BEGIN IMMEDIATE");
    let turns = 0;
    const turning = setInterval(() => {
      turns += 1;
      if (turns === 20) other.run("COMMIT");
    }, 1);
    const { seq } = await database.write(async () => ({ value: 0, changes: [{ kind: "all" }] }));
    clearInterval(turning);
    other.close();
    expect(seq).toBe(2);
    expect(turns).toBeGreaterThanOrEqual(20);
  });
});

test("a file that is no database is refused", async () => {
  const directory = await mkdtemp(join(tmpdir(), "conch-test-"));
  const file = join(directory, "conch.db");
  await Bun.write(file, "not a database, but longer than the header of one would be ".repeat(20));
  const error = await openDatabase(`sqlite:${file}`, CONTEXT).catch(String);
  await rm(directory, { recursive: true });
  expect(error).toContain("not a database");
  expect(error).not.toStartWith("SQLiteError");
});
