import { expect, test } from "bun:test";
import { join } from "node:path";
import { bound } from "../src/commands/bound.ts";
import { exportAll, importAll } from "../src/commands/transfer.ts";
import { type Context, createContext } from "../src/context.ts";
import { describeEachDialect, SQLITE, TEST_DIALECTS } from "./databases.ts";
import { createUserRow } from "./rows.ts";

const MAIN = join(import.meta.dir, "..", "src", "main.ts");

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the real `conchd`. */
async function conchd(database: string, args: readonly string[], input = ""): Promise<Run> {
  const child = Bun.spawn([process.execPath, MAIN, ...args], {
    env: { ...process.env, CONCHD_DATABASE: database },
    stdin: Buffer.from(input),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, out, err };
}

/** What it says where its answer cannot be written; fails unless it fails. */
async function conchdOnFullDisk(database: string, args: readonly string[]): Promise<string> {
  const line = ["sh", "-c", `exec "$0" "$@" > /dev/full`, process.execPath, MAIN, ...args];
  const env = { ...process.env, CONCHD_DATABASE: database };
  const child = Bun.spawn(line, { env, stderr: "pipe" });
  const err = await new Response(child.stderr).text();
  expect(await child.exited).toBe(1);
  return err;
}

test.each([
  [["bound", "5"], "the bound is 5 s; only this answer is lost"],
  [["user", "create", "--email", "a@example.com"], "nobody knows the password"],
])("conchd %p tells that its answer is lost on a full disk", async (args, lost) => {
  await using testDatabase = await SQLITE.create();
  const err = await conchdOnFullDisk(testDatabase.url, args);
  expect(err).toStartWith("conchd: standard output: ENOSPC");
  expect(err).toContain(lost);
  expect(err.split("\n")).toHaveLength(2);
});

describeEachDialect("conchd bound", (dialect) => {
  test("shows the bound, changes it, and says what is wrong", async () => {
    await using testDatabase = await dialect.create();
    const { url } = testDatabase;
    expect(await conchd(url, ["bound", "5"])).toEqual({ code: 0, out: "Bound: 5 s\n", err: "" });
    expect(await conchd(url, ["bound"])).toEqual({ code: 0, out: "Bound: 5 s\n", err: "" });
    expect(await conchd(url, ["bound", "2.5"])).toMatchObject({ code: 0, out: "Bound: 2.5 s\n" });
    // As `--bound` has it: what one takes, the other takes too.
    for (const wrong of ["0", "25.1", "3600", "x"]) {
      const err = "conchd: the bound must be from 0.5 to 25 seconds\n";
      expect(await conchd(url, ["bound", wrong])).toMatchObject({ code: 2, err });
    }
    expect(await conchd(url, ["bound"])).toMatchObject({ out: "Bound: 2.5 s\n" });
  });
});

describeEachDialect("conchd bound without a number", (dialect) => {
  test("of what is no database yet fails: a mistyped name must not become a database", async () => {
    await using testDatabase = await dialect.create();
    for (const attempt of ["first", "second"]) {
      const { code, out, err } = await conchd(testDatabase.url, ["bound"]);
      expect([attempt, code, out]).toEqual([attempt, 1, ""]);
      expect(err).toMatch(/^conchd: --database .*(is empty|no such file)/);
    }
  });
});

describeEachDialect("the row of a node that was killed", (dialect) => {
  test("is waited for by a timer that keeps the process alive, and leaves it idle", async () => {
    await using testDatabase = await dialect.create();
    const { url } = testDatabase;
    const { db } = await testDatabase.open();
    const leaveRow = () =>
      db
        .insertInto("member")
        .values({ incarnation: "killed", beat: 0, applied: 0, low: 0, holders: 0 })
        .execute();
    const pauses: number[] = [];
    const context: Context = {
      ...createContext(),
      delay: () => Promise.reject(new Error("keeps no process alive")),
      timers: {
        set(callback, delayMs) {
          pauses.push(delayMs);
          callback();
          return { cancel: () => {} };
        },
      },
    };
    const lines: string[] = [];
    await exportAll(url, async (line) => void lines.push(line), context);
    await leaveRow();
    await importAll({ database: url, replace: false }, new Blob(lines).stream(), context);
    await leaveRow();
    expect(await bound({ database: url, seconds: "3" }, context)).toBe(3);
    expect(pauses).toEqual([5000, 5000]);
  });
});

describeEachDialect("conchd export", (source) => {
  test("of what is no database yet fails: a mistyped name must not become an empty backup", async () => {
    await using testDatabase = await source.create();
    const { code, out, err } = await conchd(testDatabase.url, ["export"]);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain("--database");
    // Nor was one made: it is none the second time either.
    expect(await conchd(testDatabase.url, ["export"])).toEqual({ code, out, err });
  });

  test("to a full disk says so", async () => {
    await using testDatabase = await source.create();
    await conchd(testDatabase.url, ["bound", "5"]);
    expect(await conchdOnFullDisk(testDatabase.url, ["export"])).toEqual(
      "conchd: standard output: ENOSPC: no space left on device, write: the export is not whole\n",
    );
  });

  test("and import into another kind of database; a second import is refused", async () => {
    const target = TEST_DIALECTS.find(({ name }) => name !== source.name) ?? source;
    await using from = await source.create();
    await using to = await target.create();
    const database = await from.open();
    await database.db.insertInto("user_account").values(createUserRow()).execute();
    const exported = await conchd(from.url, ["export"]);
    expect(exported.code).toBe(0);
    const imported = await conchd(to.url, ["import"], exported.out);
    expect(imported).toMatchObject({ code: 0, out: "" });
    expect(imported.err).toBe(exported.err.replace("exported", "imported"));
    expect(imported.err).toMatch(/user_account +1\n/);
    const again = await conchd(to.url, ["import"], exported.out);
    expect(again).toMatchObject({ code: 1, out: "" });
    expect(again.err).toContain("--replace");
  });
});
