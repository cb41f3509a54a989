// Every command, with --trace --debug and servers that fail and repeat what they were sent: no secret
// may be in stdout, in stderr, or in any file but the config, and there not in the clear.
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { BUILD_COMMANDS } from "../src/commands/index.ts";
import { findCommand } from "../src/commands/find-command.ts";
import { createShell } from "./conch.ts";
import {
  createRecorder,
  loginAnswer,
  someJwt,
  someToken,
  VERSION_HEADERS,
  type Recorded,
} from "./recorder.ts";
import { echoOf, formsOf } from "./secret-forms.ts";

const SECRETS = {
  token: someToken(),
  stored: someToken(),
  fresh: someToken(),
  jwt: someJwt(),
  password: 'pass "word"\\ of/ada+1 & more',
  newPassword: "the-next-password=of:ada",
};

/** At least one line for each command; the test says so where one is missing. */
const LINES: readonly (readonly string[])[] = [
  ["profile", "create", "--name", "x", "--token", SECRETS.token],
  ["profile", "create", "--name", "x", "--user", "ada@example.com", "--password", SECRETS.password],
  [
    "profile",
    "create",
    "--name",
    "x",
    "--user",
    "a@b.c",
    "--password",
    SECRETS.password,
    "--new-password",
    SECRETS.newPassword,
  ],
  ["profile", "list"],
  ["profile", "status"],
  ["profile", "which", "--explain"],
  ["profile", "delete", "gone", "--revoke"],
  ["profile", "delete", "login", "--revoke"],
  ["profile", "set", "active", "auto"],
  ["profile", "set", "token", SECRETS.token],
  ["--profile", "login", "profile", "relogin", "--password", SECRETS.password],
  ["--profile", "login", "profile", "upgrade"],
  ["profile", "upgrade", "--force"],
  ["profile", "revoke-tokens", "--tokens-only"],
  ["profile", "change-password", "--password", SECRETS.newPassword, "--purge-tokens"],
  ["--profile", "login", "profile", "change-password", "--password", SECRETS.newPassword],
  ["user", "profile"],
  ["user", "settings"],
  ["user", "setting", "a", "get"],
  ["user", "setting", "a", "set", "1"],
  ["user", "setting", "a", "delete"],
  ["user", "tokens"],
  ["user", "token", "get", "a"],
  ["user", "token", "create", "a"],
  ["user", "token", "rm", "a", "--wait"],
  ["admin", "users"],
  ["admin", "user", "a@b.c", "get"],
  ["admin", "user", "a@b.c", "create", "--password", SECRETS.password],
  ["admin", "user", "a@b.c", "update", "--name", "x"],
  ["admin", "user", "a@b.c", "promote"],
  ["admin", "user", "a@b.c", "demote"],
  ["admin", "user", "a@b.c", "reset", "--revoke-tokens"],
  ["admin", "user", "a@b.c", "tokens"],
  ["admin", "user", "a@b.c", "token", "get", "a"],
  ["admin", "user", "a@b.c", "token", "rm", "a"],
  ["admin", "user", "a@b.c", "delete", "--force"],
  ["admin", "user", "a@b.c", "revoke", "--tokens-only"],
  ["api", "get", "/user/me"],
  ["api", "post", "/login", JSON.stringify({ user: "x", password: SECRETS.password })],
  ["api", "delete", "/user/me/token/a"],
  ["completion", "bash"],
  ["version"],
  ["help"],
];

const echo = ({ authorization, target, body }: Recorded) =>
  echoOf({ target, body, headers: [["authorization", authorization ?? "none"]] });

type Fault = (request: Recorded) => Response;

/** Ways to fail, each repeating what was sent where it can. */
const FAULTS: Readonly<Record<string, Fault>> = {
  "a text that repeats": (request) =>
    Response.json(
      { error: echo(request), code: "internal" },
      { status: 500, headers: VERSION_HEADERS },
    ),
  "a refusal that repeats": (request) =>
    Response.json({ error: echo(request) }, { status: 400, headers: VERSION_HEADERS }),
  "401 that repeats": (request) =>
    Response.json({ error: echo(request) }, { status: 401, headers: VERSION_HEADERS }),
  "a page that repeats": (request) =>
    new Response(echo(request), { headers: VERSION_HEADERS, status: 418 }),
  "another shape that repeats": (request) =>
    Response.json({ [echo(request)]: echo(request) }, { status: 201, headers: VERSION_HEADERS }),
  "a redirect that repeats": (request) =>
    new Response(null, {
      status: 302,
      headers: {
        ...VERSION_HEADERS,
        Location: `http://127.0.0.1:1/?${encodeURIComponent(echo(request))}`,
      },
    }),
  "a redirect within the server that repeats": (request) =>
    new Response(null, {
      status: 302,
      // Not what was asked for: that would grow with each redirect.
      headers: {
        ...VERSION_HEADERS,
        Location: `/x?${encodeURIComponent(echo({ ...request, target: "" }))}`,
      },
    }),
  "headers that repeat": (request) =>
    Response.json([], {
      status: 503,
      headers: {
        "X-Conch-API": request.authorization ?? "x",
        "X-Echo": encodeURIComponent(echo(request)),
      },
    }),
};

function leaks(text: string): string[] {
  return Object.entries(SECRETS)
    .filter(([, secret]) => formsOf(secret).some((form) => text.includes(form)))
    .map(([name]) => name);
}

async function prepare() {
  const server = createRecorder();
  const shell = createShell({ CONCH_ENV: "development", CONCH_URL: server.url });
  server.answer({ "POST /login": () => loginAnswer(SECRETS.jwt) });
  for (const [name, ...how] of [
    ["auto", "--token", SECRETS.stored],
    ["gone", "--token", SECRETS.stored],
    ["login", "--user", "ada@example.com", "--password", SECRETS.password],
  ] as const) {
    const made = await shell.conch(["profile", "create", "--name", name, ...how]);
    expect(made.exitCode).toBe(0);
  }
  return { server, shell };
}

test("there is a line for each command", () => {
  const covered = new Set(LINES.map((line) => findCommand(line, BUILD_COMMANDS).entry?.path));
  expect(BUILD_COMMANDS.map(({ path }) => path).filter((path) => !covered.has(path))).toEqual([]);
});

const TIMEOUT_MS = 60_000;

test.each(Object.entries(FAULTS))(
  "no secret is shown when the server answers %s",
  async (_, fault) => {
    const { server, shell } = await prepare();
    using _server = server;
    using _shell = shell;
    for (const isVersionGood of [true, false]) {
      const version = isVersionGood ? {} : { "GET /version": fault };
      server.answer({ ...version, "GET /me": fault, "GET /user/me": fault, "*": fault });
      for (const line of LINES) {
        const ended = [
          await shell.conch([...line, "--trace", "--debug"]),
          await shell.conch([...line, "--json"], { env: { CONCH_TOKEN: SECRETS.token } }),
        ];
        const shown = ended.map(({ stdout, stderr }) => stdout + stderr).join("");
        expect([line, leaks(shown)]).toEqual([line, []]);
      }
    }
    const home = dirname(shell.configPath);
    for (const file of readdirSync(home)) {
      expect([file, leaks(readFileSync(join(home, file), "utf8"))]).toEqual([file, []]);
    }
  },
  TIMEOUT_MS,
);

test("a new token is on stdout, once, and nowhere else", async () => {
  const { server, shell } = await prepare();
  using _server = server;
  using _shell = shell;
  const body = {
    name: "a",
    created: "2026-01-02T03:04:05Z",
    last_used: null,
    expires: "2031-01-02T03:04:05Z",
    token: SECRETS.fresh,
  };
  server.answer({
    "POST /user/me/token": () => Response.json(body, { status: 201, headers: VERSION_HEADERS }),
  });
  const made = await shell.conch(["user", "token", "create", "a", "--trace", "--debug"]);
  expect(made.stdout.split(SECRETS.fresh).length).toBe(2);
  expect(leaks(made.stderr)).toEqual([]);
  const upgraded = await shell.conch([
    "--profile",
    "login",
    "profile",
    "upgrade",
    "--trace",
    "--debug",
  ]);
  expect(upgraded.exitCode).toBe(0);
  expect(leaks(upgraded.stdout + upgraded.stderr)).toEqual([]);
});
