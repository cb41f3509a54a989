// What the scripts of `conch completion` ask for. acceptance/completion.test.ts runs them in shells.
import { describe, expect, test } from "bun:test";
import { createShell } from "./conch.ts";
import { createRecorder, someToken, tokenNamed } from "./recorder.ts";

const NAMES = ["a=b", "a b", "tab\tname", "line\nname", "z"];

async function offered(...args: readonly string[]): Promise<string[]> {
  using server = createRecorder();
  using shell = createShell({
    CONCH_ENV: "development",
    CONCH_URL: server.url,
    CONCH_TOKEN: someToken(),
  });
  server.answer({
    "GET /user/me/token": NAMES.map((name) => tokenNamed(name)),
    "GET /user/email%3Dbob%40example.com/token": [tokenNamed("of bob")],
  });
  const { exitCode, stdout, stderr } = await shell.conch(args);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return stdout === "" ? [] : stdout.trimEnd().split("\n");
}

describe("words", () => {
  test.each([
    [
      ["profile", "set", ""],
      ["active", "token"],
    ],
    [
      ["user", "token", "get", "a"],
      ["a=b", "a b"],
    ],
    [
      ["user", "token", "get", ""],
      ["a=b", "a b", "z"],
    ],
    [["admin", "user", "bob@example.com", "token", "rm", ""], ["of bob"]],
    [["admin", "user", "bob@example.com", "token", "r"], ["rm"]],
    [["--env=s"], ["--env=staging"]],
    [["-p", "x", "user", "tokens", "--no"], ["--no-color"]],
    [["profile", "delete", ""], []],
    [["nonsense", ""], []],
    [["user", "token", "get", "a", "b", ""], []],
    [["user", "tokens", "--url", ""], []],
  ])("%p: %p", async (words, expected) => {
    expect(await offered("__complete", ...words)).toEqual(expected);
  });
});

describe("a line as it was typed", () => {
  test.each([
    ["conch user token get a", undefined, ["a=b", "a b"]],
    ["conch user token get a=", "=", ["b"]],
    ["conch user token get a=b", "b", ["b"]],
    ["conch user token get 'a ", "'a ", ["a b"]],
    ["conch user token get a\\ ", "a\\ ", ["a b"]],
    ["conch --env=", "=", ["production", "staging", "development"]],
    ["conch --env=st", "st", ["staging"]],
    ["conch user ", "", ["profile", "settings", "setting", "tokens", "token"]],
  ])("%s, of which %p is replaced: %p", async (line, fragment, expected) => {
    const more = fragment === undefined ? [] : [fragment];
    expect(await offered("__complete-line", line, ...more)).toEqual(expected);
  });
});

// Debian has no PowerShell to run it in: the text alone.
test("the script for PowerShell registers itself for conch, and hands the line over", async () => {
  using shell = createShell();
  const { stdout } = await shell.conch(["completion", "powershell"]);
  expect(stdout).toContain("Register-ArgumentCompleter -Native -CommandName conch -ScriptBlock {");
  expect(stdout).toContain("conch __complete-line $line 2>$null | ForEach-Object {");
  const count = (mark: string) => stdout.split(mark).length;
  expect(count("{")).toBe(count("}"));
});
