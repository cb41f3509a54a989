// What `conch completion` prints, in the shells that it is for: on a terminal, with the Tab key.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { testBinaries } from "./harness/binaries.ts";
import { openOnTerminal, type InteractiveShell } from "./harness/interactive-shell.ts";
import { type RunningServer, startServer } from "./harness/server.ts";

const ADMIN = { email: "ada@example.com", password: "violet-anchor-ninety-canoe" };
/** A name that a shell must not run, nor take apart. */
const TRAP = "$(touch pwned) 'x";
const NAMES = ["deploy", "nightly build", TRAP, "ünïcode"];

const SHELLS = {
  bash: {
    command: ["bash", "--norc", "--noprofile", "-i"],
    setUp: "bind 'set bell-style none'; source <(conch completion bash)",
  },
  "zsh, sourced": {
    command: ["zsh", "-f", "-i"],
    setUp: "autoload -U compinit; compinit -u -D; bindkey -e; source <(conch completion zsh)",
  },
  "zsh, in fpath": {
    command: ["zsh", "-f", "-i"],
    setUp:
      "mkdir -p f; conch completion zsh >f/_conch; fpath=(~/f $fpath); " +
      "autoload -U compinit; compinit -u -D; bindkey -e",
  },
  fish: {
    command: ["fish", "--no-config", "--interactive"],
    setUp: "conch completion fish | source",
  },
};

const root = mkdtempSync(join(tmpdir(), "conch-completion-"));
const home = join(root, "home");
let server: RunningServer;
let env: Record<string, string>;
let secrets: string[] = [];

async function conch(args: readonly string[], stdin = ""): Promise<string> {
  const child = Bun.spawn(["conch", ...args], { cwd: home, env, stdin: new Blob([stdin]) });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`conch ${args.join(" ")} failed`);
  return text;
}

beforeAll(async () => {
  const binaries = await testBinaries();
  const data = join(root, "data");
  for (const folder of [home, data]) mkdirSync(folder);
  server = await startServer(binaries, data, ADMIN);
  env = {
    PATH: [binaries, process.env["PATH"] ?? ""].join(delimiter),
    HOME: home,
    TERM: "xterm",
    LANG: "C.UTF-8",
    PS1: "",
    CONCH_ENV: "development",
    CONCH_URL: server.url,
  };
  const login = ["profile", "create", "--user", ADMIN.email, "--password", "-", "--name"];
  await conch([...login, "work"], ADMIN.password);
  await conch([...login, "other one"], ADMIN.password);
  const made = await Promise.all(
    NAMES.map((name) => conch(["--json", "user", "token", "create", name])),
  );
  secrets = made.map((text) => JSON.parse(text).token);
}, 60_000);

afterAll(async () => {
  await server.stop();
  rmSync(root, { recursive: true, force: true });
});

/** Presses Tab after a line; then has the shell say which words that made of it. */
async function wordsAfterTab(shell: InteractiveShell, line: string): Promise<string[]> {
  // Ctrl-A goes to the beginning. The marks are written so that the typed line does not hold them.
  shell.press(`${line}\t\u0001printf 'WORD'':%s\\n' \r`);
  shell.press(`echo EN''D\r`);
  const shown = await shell.until("END");
  return [...shown.matchAll(/WORD:([^\r\n]*)/gu)].map(([, word = ""]) => word);
}

for (const [name, { command, setUp }] of Object.entries(SHELLS)) {
  if (Bun.which(command[0] ?? "") === null) {
    console.error(`\nNOT TESTED: completion in ${name}, which is not here; .ci/run installs it\n`);
    continue;
  }
  describe(name, () => {
    async function open(more: Record<string, string> = {}): Promise<InteractiveShell> {
      const shell = openOnTerminal(command, { cwd: home, env: { ...env, ...more } });
      shell.press(`${setUp}\recho REA''DY\r`);
      await shell.until("READY");
      return shell;
    }

    test("completes commands, options, values, and names of profiles and tokens", async () => {
      await using shell = await open();
      const lines: [string, string[]][] = [
        ["conch prof", ["profile"]],
        ["conch user token cre", ["user", "token", "create"]],
        ["conch user tokens --js", ["user", "tokens", "--json"]],
        ["conch --env prod", ["--env", "production"]],
        [
          "conch user token create x --rights re",
          ["user", "token", "create", "x", "--rights", "read"],
        ],
        ["conch admin user ada@example.com prom", ["admin", "user", "ada@example.com", "promote"]],
        ["conch profile delete w", ["profile", "delete", "work"]],
        ["conch --profile oth", ["--profile", "other one"]],
        ["conch user token rm dep", ["user", "token", "rm", "deploy"]],
        ["conch user token get nig", ["user", "token", "get", "nightly build"]],
        ["conch user token get ün", ["user", "token", "get", "ünïcode"]],
        ["conch user token get \\$", ["user", "token", "get", TRAP]],
        ['conch user token get "nig', ["user", "token", "get", "nightly build"]],
        ["conch user token get 'nig", ["user", "token", "get", "nightly build"]],
        [
          'conch --profile "other one" user token get dep',
          ["--profile", "other one", "user", "token", "get", "deploy"],
        ],
        ["conch --profile=w", ["--profile=work"]],
        [
          "conch admin user ada@example.com token rm dep",
          ["admin", "user", "ada@example.com", "token", "rm", "deploy"],
        ],
      ];
      for (const [line, words] of lines) {
        expect([line, await wordsAfterTab(shell, line)]).toEqual([line, ["conch", ...words]]);
      }
      expect(readdirSync(home)).not.toContain("pwned");
      for (const secret of secrets) expect(shell.shown()).not.toContain(secret);
    }, 60_000);

    test("lists what there is", async () => {
      await using shell = await open();
      shell.press("conch profile \t\t");
      const shown = await shell.until("upgrade");
      expect(shown).toContain("change-password");
    }, 60_000);

    test("offers nothing, soon, where the server is silent or gone", async () => {
      const silent = Bun.serve({
        port: 0,
        hostname: "127.0.0.1",
        fetch: () => new Promise<Response>(() => undefined),
      });
      const [token = ""] = secrets;
      for (const isGone of [false, true]) {
        const address = { CONCH_URL: `http://127.0.0.1:${silent.port}`, CONCH_TOKEN: token };
        if (isGone) await silent.stop(true);
        await using shell = await open(address);
        const words = await wordsAfterTab(shell, "conch user token get dep");
        expect(words).toEqual(["conch", "user", "token", "get", "dep"]);
        expect(shell.shown()).not.toContain(token);
      }
    }, 60_000);
  });
}
