// Every command with --trace and --debug, against a real server and against servers that fail and
// throw everything back: no secret in stdout, stderr, the arguments of children, or any file but the
// config.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_OBFUSCATION_KEY } from "../packages/cli/src/build.ts";
import { flagOf } from "../packages/cli/src/commands/global-options.ts";
import { BUILD_COMMANDS } from "../packages/cli/src/commands/index.ts";
import { createObfuscator } from "../packages/cli/src/profiles/obfuscation.ts";
import { sha256 } from "../packages/cli/test/profiles/sha256.ts";
import { echoOf, formsOf } from "../packages/cli/test/secret-forms.ts";
import { testBinaries } from "./harness/binaries.ts";
import { type RunningServer, startServer } from "./harness/server.ts";
import { canTrace, readTrace, traced } from "./harness/system-calls.ts";

const ADMIN = "ada@example.com";
const PASSWORD = "violet-anchor ninety/canoe+ä";
const NEW_PASSWORD = "marble-otter twelve/lantern+ö";
/** A token as old servers have them, and one of no known form. */
const OLD_TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOiJjYW5hcnkifQ.Y2FuYXJ5LXNpZ25hdHVyZQ";
const ODD_TOKEN = "canary~opaque/token+1";
const URL_PASSWORD = "heron+in:a-url";
const PROXY_PASSWORD = "otter-for.the~proxy";

/**
 * How each command is run; `%TOKEN%` is a live API token, `%FILE%` a file that holds it, `%NEW%` a new
 * password, `%HOST%` the server. `isShown`: prints a new token, on purpose.
 */
interface Run {
  readonly args: readonly string[];
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly isShown?: true;
}

const WITH_PROXY = {
  CONCH_TOKEN: "%TOKEN%",
  CONCH_URL: "http://conch.invalid/api",
  HTTP_PROXY: `http://u:${encodeURIComponent(PROXY_PASSWORD)}@%HOST%`,
};
const URL_WITH_PASSWORD = `https://u:${URL_PASSWORD}@conch.invalid`;

const RUNS: Readonly<Record<string, readonly Run[]>> = {
  "profile create": [
    { args: ["profile", "create", "--name", "x", "--user", ADMIN, "--password", PASSWORD] },
    {
      args: ["profile", "create", "--name", "y", "--user", ADMIN, "--password", "-"],
      stdin: `${PASSWORD}\n`,
    },
    { args: ["profile", "create", "--name", "z", "--token", "-"], stdin: "%TOKEN%\n" },
    { args: ["profile", "create", "--name", "z2", "--token", OLD_TOKEN] },
    { args: ["profile", "create", "--name", "z3", "--token", ODD_TOKEN] },
    { args: ["profile", "create", "--name", "z4", "--token-file", "%FILE%"] },
    {
      args: [
        "profile",
        "new",
        "--name=z5",
        "--user",
        ADMIN,
        "--password=-",
        "--new-password=%NEW%",
      ],
      stdin: `${PASSWORD}\n`,
    },
    {
      args: ["profile", "create", "--name", "z6", "--token", ODD_TOKEN, "--url", URL_WITH_PASSWORD],
    },
    { args: ["profile", "create", "--name", "z7", "--credential-process", "/bin/false x"] },
    {
      args: ["profile", "create", "--name", "z8", "--user", ADMIN, "--password", PASSWORD],
      env: WITH_PROXY,
    },
  ],
  "profile list": [{ args: ["profile", "list"] }, { args: ["profile", "list", "--json"] }],
  "profile status": [{ args: ["profile", "status"] }],
  "profile which": [
    { args: ["profile", "which", "--explain"] },
    { args: ["profile", "which", "--explain", "--profile", "odd"] },
    { args: ["profile", "which", "--url", URL_WITH_PASSWORD] },
    { args: ["profile", "which", "--explain", "--token", ODD_TOKEN] },
  ],
  "profile delete": [
    { args: ["profile", "delete", "ada", "--revoke"] },
    { args: ["profile", "delete", "ada"] },
    { args: ["profile", "delete", "odd"] },
  ],
  "profile set active": [{ args: ["profile", "set", "active", "ada"] }],
  "profile set token": [
    { args: ["profile", "set", "token", "-"], stdin: "%TOKEN%\n" },
    { args: ["profile", "set", "token", ODD_TOKEN] },
  ],
  "profile relogin": [
    { args: ["profile", "relogin", "--password", PASSWORD, "--new-password", NEW_PASSWORD] },
  ],
  "profile upgrade": [{ args: ["profile", "upgrade"] }],
  "profile revoke-tokens": [{ args: ["profile", "revoke-tokens", "--all", "--force"] }],
  "profile change-password": [
    { args: ["profile", "change-password", "--password", NEW_PASSWORD, "--purge-tokens"] },
    { args: ["profile", "change-password", "--password", "-"], stdin: `${NEW_PASSWORD}\n` },
  ],
  "user profile": [{ args: ["user", "profile"] }, { args: ["user", "profile", "--json"] }],
  "user settings": [{ args: ["user", "settings"] }],
  "user setting <name> get": [{ args: ["user", "setting", "a", "get"] }],
  "user setting <name> set": [{ args: ["user", "setting", "a", "set", "1"] }],
  "user setting <name> delete": [{ args: ["user", "setting", "a", "delete"] }],
  "user tokens": [
    { args: ["user", "tokens"] },
    { args: ["user", "tokens", "--token", ODD_TOKEN] },
    { args: ["user", "tokens", "--token-file", "%FILE%"] },
    { args: ["user", "tokens"], env: { CONCH_TOKEN: "%TOKEN%" } },
    { args: ["user", "tokens"], env: { CONCH_TOKEN: ODD_TOKEN, CONCH_URL: URL_WITH_PASSWORD } },
    { args: ["user", "tokens"], env: { CONCH_TOKEN_FILE: "%FILE%" } },
    { args: ["user", "tokens"], env: WITH_PROXY },
    { args: ["--profile", "command", "user", "tokens"] },
    { args: ["--profile", "odd", "user", "tokens"] },
  ],
  "user token get": [{ args: ["user", "token", "get", "live"] }],
  "user token create": [{ args: ["user", "token", "create", "new"], isShown: true }],
  "user token rm": [{ args: ["user", "token", "rm", "live"] }],
  "admin users": [{ args: ["admin", "users"] }],
  "admin user <user> get": [{ args: ["admin", "user", ADMIN, "get"] }],
  "admin user <user> create": [
    { args: ["admin", "user", "dan@example.com", "create", "--password", NEW_PASSWORD] },
  ],
  "admin user <user> update": [{ args: ["admin", "user", ADMIN, "update", "--name", "Ada"] }],
  "admin user <user> promote": [{ args: ["admin", "user", ADMIN, "promote"] }],
  "admin user <user> demote": [{ args: ["admin", "user", "dan@example.com", "demote"] }],
  "admin user <user> reset": [{ args: ["admin", "user", "dan@example.com", "reset"] }],
  "admin user <user> tokens": [{ args: ["admin", "user", ADMIN, "tokens"] }],
  "admin user <user> token get": [{ args: ["admin", "user", ADMIN, "token", "get", "live"] }],
  "admin user <user> token rm": [{ args: ["admin", "user", ADMIN, "token", "rm", "live"] }],
  "admin user <user> revoke": [
    { args: ["admin", "user", "dan@example.com", "revoke", "--all", "--force"] },
  ],
  "admin user <user> delete": [{ args: ["admin", "user", "dan@example.com", "delete", "--force"] }],
  "api get": [{ args: ["api", "get", "/user/me"] }],
  "api post": [
    { args: ["api", "post", "/user/me/settings/a", '{"a": 1}'] },
    {
      args: ["api", "post", "/login", "-"],
      stdin: JSON.stringify({ user: "a", password: PASSWORD }),
    },
  ],
  "api delete": [{ args: ["api", "delete", "/user/me/settings/a"] }],
  version: [{ args: ["version"] }],
  completion: [{ args: ["completion", "bash"] }],
  help: [{ args: ["help", "profile", "create"] }],
};

/** What takes away the login, the token or the password that the next command needs. */
const DESTRUCTIVE = new Set([
  "profile delete",
  "profile upgrade",
  "profile revoke-tokens",
  "profile change-password",
  "user token rm",
  "admin user <user> token rm",
]);

/** Ways in which a server can fail; each throws back all that it was sent, in every form. */
const FAILURES: Readonly<Record<string, (echo: string) => Response>> = {
  "500 with a JSON error": (echo) => Response.json({ error: echo, code: echo }, { status: 500 }),
  "400 with a JSON error": (echo) => Response.json({ error: echo }, { status: 400 }),
  "401 with a JSON error": (echo) => Response.json({ error: echo }, { status: 401 }),
  "500 as a page": (echo) => new Response(`<pre>${echo}</pre>`, { status: 500 }),
  "200 of another shape": (echo) => Response.json({ jwt_token: echo, token: echo, other: [echo] }),
  "200 that is no JSON": (echo) => new Response(echo),
  "a redirect to elsewhere": (echo) =>
    new Response(null, {
      status: 302,
      headers: { Location: `http://elsewhere.example.com/?token=${encodeURIComponent(echo)}` },
    }),
};

const root = mkdtempSync(join(tmpdir(), "conch-canary-"));
const home = join(root, "home");
const data = join(root, "data");
const configPath = join(home, ".conch.json");
const tokenPath = join(root, "token");
const argvPath = join(root, "argv-of-children");
const tracePath = join(root, "system-calls.log");
let binaries = "";
let isTraced = false;
let server: RunningServer;
let token = "";
let session = "";
let template = "";

/** Runs the binary. What it starts and writes is in `system-calls.log`, where that can be traced. */
async function conch(
  url: string,
  args: readonly string[],
  { stdin = "", env = {} }: Omit<Run, "args"> = {},
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const fill = (text: string) =>
    text
      .replace("%TOKEN%", token)
      .replace("%FILE%", tokenPath)
      .replace("%NEW%", NEW_PASSWORD)
      .replace("%HOST%", new URL(url).host);
  const command = [join(binaries, "conch"), ...args.map(fill)];
  rmSync(tracePath, { force: true });
  const child = Bun.spawn(isTraced ? traced(command, tracePath) : command, {
    cwd: home,
    env: {
      PATH: process.env["PATH"],
      HOME: home,
      TMPDIR: home,
      CONCH_ENV: "development",
      CONCH_URL: url,
      ...Object.fromEntries(Object.entries(env).map(([name, value]) => [name, fill(value)])),
    },
    stdin: new Blob([fill(stdin)]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { exitCode: await child.exited, stdout, stderr };
}

/** What the config holds, in the clear. */
async function storedSecrets(): Promise<string[]> {
  const obfuscator = createObfuscator(DEFAULT_OBFUSCATION_KEY, sha256);
  const config: unknown = JSON.parse(readFileSync(configPath, "utf8"));
  const texts: string[] = [];
  JSON.stringify(config, (_, value: unknown) => {
    if (typeof value === "string" && /^[\w-]{38,}$/.test(value)) texts.push(value);
    return value;
  });
  const recovered = await Promise.all(texts.map((text) => obfuscator.recover(text)));
  return recovered.filter((secret) => secret !== null);
}

/** What was handed to programs that conch started. Fails where it wrote anything but the config. */
function childArguments(): [string, string][] {
  const own = existsSync(argvPath) ? readFileSync(argvPath, "utf8") : "";
  if (!isTraced) return [["the credential_process's arguments", own]];
  const { started, opened } = readTrace(tracePath);
  expect(started[0]?.program).toBe(join(binaries, "conch"));
  const allowed = [configPath, `${configPath}.new`, `${configPath}.lock`, argvPath, "/dev/null"];
  const written = opened.filter(({ isForWriting }) => isForWriting).map(({ path }) => path);
  expect(written.filter((path) => !allowed.includes(path))).toEqual([]);
  return started.slice(1).map(({ program, args }) => [`${program}'s arguments`, args.join(" ")]);
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Fails where a secret is to be seen anywhere but in the config. */
async function expectNoSecret(output: string, except: readonly string[] = []): Promise<void> {
  const stored = await storedSecrets();
  const given = [PASSWORD, NEW_PASSWORD, OLD_TOKEN, ODD_TOKEN, URL_PASSWORD, PROXY_PASSWORD];
  const all = [...given, `u:${PROXY_PASSWORD}`, token, session, ...stored];
  const signatures = all
    .filter((secret) => secret.startsWith("eyJ"))
    .map((jwt) => jwt.split(".")[2]);
  const secrets = [...all, ...signatures].filter((secret) => secret !== undefined);
  const places: [string, string][] = [["the output", output], ...childArguments()];
  for (const file of filesBelow(home)) {
    if (file !== configPath) places.push([file, readFileSync(file, "utf8")]);
  }
  for (const secret of new Set(secrets)) {
    if (except.includes(secret)) continue;
    for (const form of formsOf(secret)) {
      for (const [place, text] of places) {
        if (text.includes(form)) throw new Error(`${place} shows ${form}:\n${text}`);
      }
    }
  }
}

/** A config with a login, which is active, a token, and a command that prints one. */
function writeConfig(url: string): void {
  const text = template.replaceAll(server.url, url).replaceAll("odd.invalid", new URL(url).host);
  writeFileSync(configPath, text, { mode: 0o600 });
}

beforeAll(async () => {
  binaries = await testBinaries();
  isTraced = canTrace();
  if (!isTraced) {
    console.error("\nNOT TESTED: what conch starts and writes; .ci/run installs strace for it\n");
  }
  mkdirSync(home);
  mkdirSync(data);
  server = await startServer(binaries, data, { email: ADMIN, password: PASSWORD });
}, 60_000);

afterAll(async () => {
  await server.stop();
  rmSync(root, { recursive: true, force: true });
});

async function logIn(password: string): Promise<void> {
  rmSync(configPath, { force: true });
  const login = ["profile", "create", "--name", "ada", "--user", ADMIN, "--password", "-"];
  const { exitCode, stderr } = await conch(server.url, login, { stdin: `${password}\n` });
  if (exitCode !== 0) throw new Error(`cannot log in: ${stderr}`);
}

/** What a command changed and the next ones need. */
async function restorePassword(): Promise<void> {
  await logIn(NEW_PASSWORD);
  const change = ["profile", "change-password", "--password", "-"];
  await conch(server.url, change, { stdin: `${PASSWORD}\n` });
}

async function prepare(): Promise<void> {
  await logIn(PASSWORD);
  [session = ""] = await storedSecrets();
  await conch(server.url, ["user", "token", "rm", "live"]);
  const { stdout } = await conch(server.url, ["user", "token", "create", "live", "--json"]);
  token = (JSON.parse(stdout) as { token: string }).token;
  writeFileSync(tokenPath, `${token}\n`);
  const program = join(root, "print-token");
  const answer = JSON.stringify({ token, expires: "2999-01-01T00:00:00Z" });
  writeFileSync(program, `#!/bin/sh\nprintf '%s ' "$0" "$@" >>'${argvPath}'\necho '${answer}'\n`);
  chmodSync(program, 0o700);
  await conch(server.url, [
    "profile",
    "create",
    "--name",
    "command",
    "--credential-process",
    program,
  ]);
  // Edited by hand: a URL that holds a password.
  const config = JSON.parse(readFileSync(configPath, "utf8"));
  const odd = { ...config.profiles.ada, name: "odd", active: false };
  config.profiles.odd = { ...odd, api_url: `http://u:${URL_PASSWORD}@odd.invalid` };
  template = JSON.stringify(config, null, "\t");
}

test("every command is run, with each of its options that takes a secret", async () => {
  expect(Object.keys(RUNS).sort()).toEqual(BUILD_COMMANDS.map(({ path }) => path).sort());
  for (const { path, load } of BUILD_COMMANDS) {
    const { command } = await load();
    const words = RUNS[path]?.flatMap(({ args }) => args);
    for (const [key, { value }] of Object.entries(command.options ?? {})) {
      const isSecret = value !== undefined && /password|token|secret|credential/iu.test(key);
      const isGiven = (word: string) => word.split("=")[0] === `--${flagOf(key)}`;
      if (isSecret) expect(words?.find(isGiven), `${path}, ${key}`).toBeDefined();
    }
  }
});

describe("pitfall 16: no secret is shown", () => {
  test("by a server that works", async () => {
    await prepare();
    for (const [path, runs] of Object.entries(RUNS)) {
      for (const { args, isShown, ...given } of runs) {
        writeConfig(server.url);
        const { stdout, stderr } = await conch(server.url, [...args, "--trace", "--debug"], given);
        const shown = isShown ? (/conch_[0-9A-Za-z]{38}/.exec(stdout)?.[0] ?? "none") : "";
        if (isShown) expect(shown, path).not.toBe("none");
        await expectNoSecret(stdout + stderr, [shown]);
        if (isShown) expect(stderr).not.toContain(shown);
        if (path === "profile change-password") await restorePassword();
        if (DESTRUCTIVE.has(path)) await prepare();
      }
    }
  }, 240_000);

  test("by servers that fail", async () => {
    await prepare();
    const answers = Object.values(FAILURES);
    let answer = answers[0];
    let isVersionGood = true;
    using failing = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      async fetch(request) {
        const { url: target, headers } = request;
        // Without a version that is known, nothing that changes something is sent.
        if (isVersionGood && target.endsWith("/version"))
          return Response.json({ version: "v2.39.0" });
        const echo = echoOf({ target, headers, body: await request.text() });
        return answer?.(echo) ?? Response.error();
      },
    });
    const url = `http://127.0.0.1:${failing.port}`;
    // Each command meets three of the failures.
    for (const shift of [0, 3, 5]) {
      isVersionGood = shift !== 5;
      for (const [index, { args, ...given }] of Object.values(RUNS).flat().entries()) {
        answer = answers[(index + shift) % answers.length];
        writeConfig(url);
        const { stdout, stderr } = await conch(url, [...args, "--trace", "--debug"], given);
        await expectNoSecret(stdout + stderr);
      }
    }
  }, 240_000);
});
