import { describe, expect, test } from "bun:test";
import { BUILD_COMMANDS } from "../src/commands/index.ts";
import { commandHelp, GLOBAL_ROWS } from "../src/commands/help-text.ts";
import { findCommand, placeholderOf } from "../src/commands/find-command.ts";
import { parseLine } from "../src/commands/parse.ts";
import { splitCommand } from "../src/profiles/split-command.ts";
import { createShell } from "./conch.ts";

/** The command table of the documentation, each line as it is spelled there. */
const TABLE = [
  "profile create --name N --token T",
  "profile new --name N --token T",
  "profile add --name N --token T",
  "prof create --name N --token T --user U --password P --workspace W --overwrite",
  "profile create --name N --user U --password P --new-password Q",
  "profile list",
  "profile ls",
  "profile delete N",
  "profile del N --revoke",
  "profile rm N",
  "profile set active N",
  "profile relogin",
  "profile set token T",
  "profile upgrade --force",
  "profile revoke-tokens --tokens-only --force",
  "profile revoke-tokens --auth-only",
  "profile revoke-tokens --all --wait",
  "profile change-password --password P --purge-tokens",
  "profile which --explain",
  "profile status",
  "user profile",
  "u settings",
  "user setting NAME get",
  "user setting NAME set VALUE",
  "user setting NAME delete",
  "user setting NAME rm",
  "user tokens",
  "user token create NAME --expires 90d --rights read",
  "user token get NAME",
  "user token rm NAME --wait",
  "user token remove NAME",
  "user token delete NAME",
  "user token del NAME",
  "admin users",
  "admin user ID get",
  "admin user ID create --admin --name N --password P --no-mail",
  "admin user ID update --email E --name N",
  "admin user ID promote",
  "admin user ID demote",
  "admin user ID delete --force --wait",
  "admin user ID tokens",
  "admin user ID token get NAME",
  "admin user ID token rm NAME --wait",
  "admin user ID token remove NAME",
  "admin user ID token delete NAME",
  "admin user ID token del NAME",
  "admin user ID revoke --tokens-only --auth-only --all --force --wait",
  "admin user ID reset --revoke-tokens --wait",
  "version",
  "help user token create",
  "api get PATH",
  "api post PATH JSON",
  "api delete PATH -",
  "completion bash",
];

async function parse(line: string) {
  const found = findCommand(splitCommand(line) ?? [], BUILD_COMMANDS);
  if (found.entry === null) throw new Error(`no command: ${line}`);
  const { command } = await found.entry.load();
  return { path: found.entry.path, ...(await parseLine(command, found.captured, found.rest)) };
}

describe("the command table", () => {
  test.each(TABLE.map((line) => [line]))("%s", async (line) => {
    await parse(line);
  });

  test("holds every command", async () => {
    const paths = await Promise.all(TABLE.map(async (line) => (await parse(line)).path));
    expect(new Set(paths)).toEqual(new Set(BUILD_COMMANDS.map(({ path }) => path)));
  });
});

describe("help", () => {
  test.each(BUILD_COMMANDS.map((entry) => [entry.path, entry] as const))(
    "%s has examples that are lines of it, exit codes, and variables that are explained",
    async (_, entry) => {
      const { command } = await entry.load();
      const help = commandHelp(entry, command);
      expect(help.examples.length).toBeGreaterThan(0);
      for (const { line } of help.examples) {
        const words = splitCommand(line.replace(/ [|<>].*$/u, ""))?.slice(1) ?? [];
        if (entry.path === "help") continue;
        const found = findCommand(words, BUILD_COMMANDS);
        expect(found.entry?.path).toBe(entry.path);
        await parseLine(command, found.captured, found.rest);
      }
      expect(help.exit_codes.map(({ code }) => code)).toContain(0);
      for (const row of [...help.environment, ...help.options, ...help.arguments]) {
        expect(row.summary).not.toBe("");
      }
      for (const name of entry.segments.map(placeholderOf)) {
        if (name !== null) expect(command.arguments).toHaveProperty(name);
      }
    },
  );

  test("no option of a command hides a global one", async () => {
    const globals = GLOBAL_ROWS.flatMap(({ name }) => name.match(/--?[\w-]+/gu) ?? []);
    for (const entry of BUILD_COMMANDS) {
      const { command } = await entry.load();
      const own = commandHelp(entry, command).options.flatMap(
        ({ name }) => name.match(/--?[\w-]+/gu) ?? [],
      );
      expect(own.filter((name) => globals.includes(name))).toEqual([]);
    }
  });
});

describe("wrong lines", () => {
  const cases = [
    [["user", "tokns"], 'did you mean "user tokens"?'],
    [["profle", "list"], 'did you mean "profile"?'],
    [["user", "token", "crate", "x"], 'did you mean "user token create"?'],
    [["admin", "user", "X", "tokn", "rm"], 'did you mean "admin user X token"?'],
    [["user", "token", "create", "x", "--expire", "9d"], 'did you mean "--expires"?'],
    [["--jsn", "user", "tokens"], 'did you mean "--json"?'],
    [["user", "token", "create", "x", "--rights", "raed"], 'did you mean "read"?'],
    [["user", "token", "ls"], 'did you mean "user tokens"?'],
    [["admin", "user", "X", "token", "list"], 'did you mean "admin user X tokens"?'],
    [["user", "setting", "list"], 'did you mean "user settings"?'],
    [["admin", "user", "ls"], 'did you mean "admin users"?'],
    [["user", "token", "new", "x"], 'did you mean "user token create"?'],
    [["user", "token", "revoke", "x"], 'did you mean "user token rm"?'],
    [["profile", "show"], 'did you mean "profile which"?'],
    [["user", "ls"], "conch user --help lists the commands"],
    [["user", "token", "create"], "missing argument NAME"],
    [["user", "token", "get", "a", "b"], 'unexpected argument "b"'],
    [["user", "tokens", "--profile"], "--profile needs a value"],
    [["user", "tokens", "--json=yes"], "--json takes no value"],
    [["user", "tokens", "--timeout", "soon"], '--timeout "soon" is not a number'],
    [["--profile"], "--profile needs a value"],
    [["admin", "user", "X"], '"conch admin user X" is not a whole command'],
    [["zebra", "stripes"], "conch --help lists the commands"],
    [[""], "conch --help lists the commands"],
    [["-v"], "conch --help lists those that may stand anywhere"],
    [["user", "token", "create", "x", "--expires", "99999y"], "is too far away"],
    [["user", "token", "rm", "a\nb\u202Ec"], '"a\\u{a}b\\u{202e}c" is not the name of a token'],
    [["-p=", "user", "tokens"], "--profile is empty"],
  ] as const;

  test.each(cases)("%p: %s", async (args, expected) => {
    using shell = createShell({
      CONCH_TOKEN: "t",
      CONCH_ENV: "development",
      CONCH_URL: "http://127.0.0.1:1",
    });
    const ended = await shell.conch(args);
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain(expected);
    const asJson = await shell.conch([...args, "--json"]);
    if (args.at(-1) !== "--profile") {
      expect(asJson).toMatchObject({ exitCode: 2, stdout: "" });
      expect(Object.keys(JSON.parse(asJson.stderr).error)).toEqual(["code", "message", "hint"]);
    }
  });
});
