// What a terminal shows that a pipe does not: colours, progress, and prompts that end well.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import {
  createRecorder,
  someToken,
  tokenNamed,
  type Recorder,
} from "../packages/cli/test/recorder.ts";
import { testBinaries } from "./harness/binaries.ts";
import { openOnTerminal } from "./harness/interactive-shell.ts";

const ESCAPE = "\u001B[";
const FRAME = /[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/u;

const home = mkdtempSync(join(tmpdir(), "conch-terminal-"));
let server: Recorder;
let env: Record<string, string>;

beforeAll(async () => {
  server = createRecorder();
  const binaries = await testBinaries();
  env = {
    PATH: [binaries, process.env["PATH"] ?? ""].join(delimiter),
    HOME: home,
    TERM: "xterm",
    LANG: "C.UTF-8",
    CONCH_ENV: "development",
    CONCH_URL: server.url,
    CONCH_TOKEN: someToken(),
  };
}, 60_000);

afterAll(() => {
  server[Symbol.dispose]();
  rmSync(home, { recursive: true });
});

/** What a shell line shows on a terminal, until it has ended. */
async function shownBy(line: string, more: Record<string, string> = {}): Promise<string> {
  const command = ["bash", "--norc", "-c", `${line}\necho "EN""D $?"; sleep 60`];
  await using terminal = openOnTerminal(command, { cwd: home, env: { ...env, ...more } });
  return await terminal.until("END ");
}

describe("a table", () => {
  const name = "the token of the machine that builds releases";
  const line = (columns: number) => `stty cols ${columns}; conch --no-color user tokens`;
  beforeAll(() => server.answer({ "GET /user/me/token": [tokenNamed("t"), tokenNamed(name)] }));

  test("that is wider than the terminal is a block for each row, whole", async () => {
    expect(await shownBy(line(110))).toContain(`\r\n${name}  2026-01-02`);
    const blocks = await shownBy(line(80));
    expect(blocks).toStartWith("name       t\r\ncreated    2026-01-02 03:04:05Z\r\n");
    expect(blocks).toContain(`\r\n\r\nname       ${name}\r\ncreated `);
  });

  test("is a table in a pipe, however narrow the terminal", async () => {
    expect(await shownBy(`${line(40)} | cat`)).toContain(`\r\n${name}  2026-01-02`);
  });
});

describe("colours", () => {
  beforeAll(() => server.answer({ "GET /user/me/token": [tokenNamed("t")] }));

  test("are for terminals", async () => {
    expect(await shownBy("conch user tokens")).toContain(ESCAPE);
    expect(await shownBy("conch user tokens", { NO_COLOR: "" })).toContain(ESCAPE);
  });

  test.each([
    ["conch user tokens", { NO_COLOR: "1" }],
    ["conch user tokens", { TERM: "dumb" }],
    ["conch --no-color user tokens", {}],
    ["conch user tokens --json", {}],
    ["conch user tokens | cat", {}],
    ["conch user tokens > out; cat out", {}],
    ["conch user token rm 2>&1 | cat", {}],
  ])("%s, %p: none", async (line, more) => {
    const shown = await shownBy(line, more);
    expect(shown).toMatch(/name/iu);
    expect(shown).not.toContain(ESCAPE);
  });
});

describe("a long wait", () => {
  /** Runs a line against a server that answers as soon as `untilShown` says so. */
  async function waitingFor(line: string, isEnough: (shown: string) => boolean, more = {}) {
    const answer = Promise.withResolvers<void>();
    server.answer({
      "GET /user/me/token": async () => {
        await answer.promise;
        return Response.json([]);
      },
    });
    const command = ["bash", "--norc", "-c", `${line}\necho "EN""D $?"; sleep 60`];
    await using terminal = openOnTerminal(command, { cwd: home, env: { ...env, ...more } });
    while (!isEnough(terminal.shown())) await Bun.sleep(10);
    answer.resolve();
    return await terminal.until("END 0");
  }

  test("is shown on a terminal, and gone when it ends", async () => {
    const shown = await waitingFor("conch user tokens", (text) => FRAME.test(text));
    expect(shown).toContain("waiting for 127.0.0.1");
    // What is left on the line after the last return to its beginning.
    expect(
      shown
        .trimEnd()
        .split(/\r(?!\n)/u)
        .at(-1),
    ).toBe(`${ESCAPE}Kno API tokens`);
  });

  test.each([
    ["conch user tokens 2>errors; cat errors", {}],
    ["conch user tokens --json", {}],
    ["conch user tokens", { TERM: "dumb" }],
  ])("%s, %p: nothing is shown", async (line, more) => {
    const began = Date.now();
    const shown = await waitingFor(line, () => Date.now() - began > 900, more);
    expect(shown).not.toMatch(FRAME);
  });

  test("that is broken off leaves the error alone on its line", async () => {
    server.answer({ "GET /user/me/token": () => new Promise<Response>(() => undefined) });
    const command = ["bash", "--norc", "-c", `conch user tokens; echo "EN""D $?"; sleep 60`];
    await using terminal = openOnTerminal(command, { cwd: home, env });
    while (!FRAME.test(terminal.shown())) await Bun.sleep(10);
    terminal.press("\u0003");
    await terminal.until("END 130");
    expect(terminal.shown()).toContain(`\r${ESCAPE}Kerror: interrupted\r\n`);
  });
});

describe("a prompt for a password", () => {
  const PASSWORD = "hushhush";
  const line = "conch profile create --name x --user ada@example.com";
  // `stty` says how the terminal was left: `echo`, or `-echo`.
  const command = [
    "bash",
    "--norc",
    "-c",
    `${line}; echo "EN""D $?"; stty -a; echo "LE""FT"; sleep 60`,
  ];

  test.each([
    ["Ctrl-C", "\u0003"],
    ["Ctrl-C after something", `${PASSWORD}\u0003`],
    ["Ctrl-D", "\u0004"],
    ["SIGTERM", null],
  ])("%s ends it with 130, and the terminal is as it was", async (_, keys) => {
    await using terminal = openOnTerminal(command, { cwd: home, env });
    await terminal.until("Password of ada@example.com");
    if (keys !== null) terminal.press(keys);
    else {
      const children = readFileSync(`/proc/${terminal.pid}/task/${terminal.pid}/children`, "utf8");
      process.kill(Number(children.trim()), "SIGTERM");
    }
    const shown = await terminal.until("END 130");
    expect(shown).not.toContain(PASSWORD);
    const settings = await terminal.until("LEFT");
    expect(settings).toMatch(/ echo /u);
    expect(settings).toMatch(/ icanon /u);
    // The cursor, where it was hidden, is to be seen again.
    const all = terminal.shown();
    expect(all.lastIndexOf("\u001B[?25h")).toBeGreaterThanOrEqual(all.lastIndexOf("\u001B[?25l"));
  });

  test("what is typed is not shown, and is what is sent", async () => {
    server.answer({ "POST /login": () => new Response(null, { status: 401 }) });
    await using terminal = openOnTerminal(command, { cwd: home, env });
    await terminal.until("Password of ada@example.com");
    terminal.press(`${PASSWORD}\r`);
    await terminal.until("END 3");
    expect(terminal.shown()).not.toContain(PASSWORD);
    const { body } = server.requests.findLast(({ target }) => target === "/login") ?? {};
    expect(JSON.parse(body ?? "null").password).toBe(PASSWORD);
  });

  test.each([
    ["Return", "\r"],
    // As programs that drive a terminal send it.
    ["a line feed", "\n"],
  ])("%s ends it", async (_, key) => {
    server.answer({ "POST /login": () => new Response(null, { status: 401 }) });
    await using terminal = openOnTerminal(command, { cwd: home, env });
    await terminal.until("Password of ada@example.com");
    terminal.press(`wrong\u0015${PASSWORD}x\u007f${key}`);
    await terminal.until("END 3");
    const { body } = server.requests.findLast(({ target }) => target === "/login") ?? {};
    expect(JSON.parse(body ?? "null").password).toBe(PASSWORD);
  });

  test("can be read on a terminal of unknown size, as containers and consoles have it", async () => {
    const sized = ["bash", "--norc", "-c", `stty cols 0 rows 0; ${line}`];
    await using terminal = openOnTerminal(sized, { cwd: home, env });
    await terminal.until("Password of ada@example.com");
  });
});

describe("a question", () => {
  const line = "conch profile revoke-tokens";

  test.each([
    ["y\n", "END 0"],
    ["Yes\r", "END 0"],
    ["n\r", "END 1"],
    ["\r", "END 1"],
    // Not a word of it is yes, though a letter is.
    ["maybe\r", "END 1"],
    ["\u0004", "END 130"],
    ["\u0003", "END 130"],
  ])("answered with %j", async (keys, end) => {
    server.answer({ "POST /user/me/revoke": () => new Response(null, { status: 204 }) });
    const command = ["bash", "--norc", "-c", `${line}; echo "EN""D $?"; sleep 60`];
    await using terminal = openOnTerminal(command, { cwd: home, env });
    await terminal.until("Revoke all your API tokens");
    terminal.press(keys);
    await terminal.until(end);
  });
});
