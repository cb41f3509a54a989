import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { matchLines } from "../match.ts";
import { runSessionFile } from "../run.ts";
import { parseSession } from "../session.ts";

const folder = mkdtempSync(join(tmpdir(), "conch-harness-"));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;

/** Runs console lines as a session without a server; returns the file. */
async function run(
  lines: readonly string[],
  options: { mergeStreams?: boolean; update?: boolean } = {},
): Promise<string> {
  files += 1;
  const path = join(folder, `${files}.md`);
  writeFileSync(path, ["<!-- conch: no server -->", "```console", ...lines, "```", ""].join("\n"));
  const { mergeStreams = false, update = false } = options;
  await runSessionFile(path, { mergeStreams, update, binaries: folder });
  return path;
}

/** The error of a session that must fail. */
async function failureOf(lines: readonly string[]): Promise<string> {
  return run(lines).then(
    () => "none",
    (error: Error) => error.message,
  );
}

describe("reading", () => {
  test("commands, continued lines, output and exit codes", () => {
    const text = ["# Title", "```console", "$ cat <<END", "> a", "> END", "a", "[exit 2]", "```"];
    expect(parseSession(text.join("\n"), "x.md").steps).toEqual([
      {
        line: 3,
        introduction: "# Title",
        isHidden: false,
        command: "cat <<END\na\nEND",
        expected: ["a"],
        exitCode: 2,
        range: [5, 7],
      },
    ]);
  });
  test("hidden blocks run, other languages do not", () => {
    const text = ["<!-- console", "$ true", "-->", "```sh", "npm start", "```"].join("\n");
    expect(parseSession(text, "x.md").steps.map((step) => step.command)).toEqual(["true"]);
  });
  test("a prompt in a block that would not be run is an error", () => {
    expect(() => parseSession("```sh\n$ conch help\n```", "x.md")).toThrow("x.md:2");
  });
  test("a block without an end is an error", () => {
    expect(() => parseSession("```console\n$ true\n", "x.md")).toThrow("x.md:1");
  });
  test("output before any command is an error", () => {
    expect(() => parseSession("```console\nhello\n```", "x.md")).toThrow("x.md:2");
  });
});

describe("matching", () => {
  const token = `conch_${"a".repeat(38)}`;
  test.each([
    [["a"], ["a"]],
    [["a  b"], ["a     b"]],
    [["<token>"], [token]],
    [["at <time>."], ["at 2026-01-02T03:04:05.678Z."]],
    [["..."], []],
    [
      ["a", "...", "z"],
      ["a", "b", "...", "z"],
    ],
    [["Usage: conch get <name>"], ["Usage: conch get <name>"]],
    [["a "], ["a"]],
  ])("%j takes %j", (expected, actual) => {
    expect(matchLines(expected, actual)).toBeDefined();
  });
  test.each([
    [["a"], ["b"]],
    [["a"], []],
    [[], ["a"]],
    [["a b"], ["a  b"]],
    [["  a"], ["a"]],
    [["<token>"], ["conch_short"]],
    [["at <time>."], ["at noon."]],
    [
      ["a", "...", "z"],
      ["a", "b"],
    ],
    [["a.c"], ["abc"]],
    [["<id:X> <id:X>"], [`${"0".repeat(8)}-0000-0000-0000-${"0".repeat(12)} other`]],
  ])("%j does not take %j", (expected, actual) => {
    expect(matchLines(expected, actual)).toBeUndefined();
  });
  test("names what it found", () => {
    expect(matchLines(["<token:T>"], [token])).toEqual(new Map([["T", token]]));
  });
});

describe("running", () => {
  test("the shell lasts from command to command", async () => {
    await run(["$ cd / && export A=1", "$ pwd; echo $A", "/", "1"]);
  });
  test("a named value can be used", async () => {
    await run(["$ echo 7 apples", "<number:N> apples", "$ echo $N", "7"]);
  });
  test("stderr is marked", async () => {
    await run(["$ echo out; echo err >&2", "out", "2> err"]);
  });
  test("stderr is not marked where streams are merged", async () => {
    await run(["$ echo err >&2; echo out", "err", "out"], { mergeStreams: true });
  });
  test.each([
    ["other output", ["$ echo a", "b"]],
    ["missing output", ["$ true", "b"]],
    ["unexpected output", ["$ echo a"]],
    ["unexpected stderr", ["$ echo a >&2"]],
    ["output on the other stream", ["$ echo a >&2", "a"]],
    ["another exit code", ["$ false"]],
    ["no failure where one is expected", ["$ true", "[exit 1]"]],
    ["a command that ends the shell", ["$ exit 0"]],
    ["a syntax error", ["$ if"]],
  ])("%s fails", async (_, lines) => {
    expect(await failureOf(lines)).toContain("$ ");
  });
  test("--json must print one document, and nothing on stderr", async () => {
    const define = (body: string) => `$ conch() { ${body}; }`;
    await run([define("echo '{}'"), "$ conch --json", "{}"]);
    const noisy = [define("echo '{}' >&2; echo '{}'"), "$ conch --json", "{}", "2> {}"];
    expect(await failureOf(noisy)).toContain("stderr must be empty");
    const text = [define("echo x"), "$ conch -j", "x"];
    expect(await failureOf(text)).toContain("not one document");
    const textError = [define("echo x >&2; false"), "$ conch -j", "2> x", "[exit 1]"];
    expect(await failureOf(textError)).toContain("not one document");
  });
  test("a terminal is answered when it asks", async () => {
    const script = `'read -rsp "Password: " a; echo; test -t 0 && echo "got $a"'`;
    await run([
      `$ on-terminal 'Password: ' 'hunter two' -- bash -c ${script}`,
      "Password:",
      "got hunter two",
      "",
    ]);
  });
  test("nothing that a session starts outlives it", async () => {
    const path = join(folder, "pid");
    await run([`$ sleep 1000 & echo $! >${path}`]);
    const pid = Number(readFileSync(path, "utf8"));
    expect(() => process.kill(pid, 0)).toThrow();
  });
  test("update writes what was printed and keeps what matches", async () => {
    const path = await run(
      ["$ echo 2026-01-01T00:00:00Z; echo new >&2; false", "<time>", "old", "$ true"],
      { update: true },
    );
    expect(readFileSync(path, "utf8").split("\n").slice(2, -2)).toEqual([
      "$ echo 2026-01-01T00:00:00Z; echo new >&2; false",
      "<time>",
      "2> new",
      "[exit 1]",
      "$ true",
    ]);
  });
});
