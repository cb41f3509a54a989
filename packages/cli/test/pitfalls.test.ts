// The earlier clients' mistakes on the command line, one test each; the numbers are those of the list.
import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { createNodeFileSystem } from "../src/profiles/node-file-system.ts";
import { createShell, type Shell } from "./conch.ts";
import {
  ADA,
  createRecorder,
  loginAnswer,
  someJwt,
  someToken,
  tokenNamed,
  type Recorder,
} from "./recorder.ts";

interface Setup extends Disposable {
  readonly server: Recorder;
  readonly shell: Shell;
}

/** A server and a home, `CONCH_URL` set to the server. */
function setUp(): Setup {
  const server = createRecorder();
  const shell = createShell({ CONCH_ENV: "development", CONCH_URL: server.url });
  return {
    server,
    shell,
    [Symbol.dispose]() {
      server[Symbol.dispose]();
      shell[Symbol.dispose]();
    },
  };
}

async function withTokenProfile({ server, shell }: Setup, name = "auto"): Promise<string> {
  const token = someToken();
  const made = await shell.conch(["profile", "create", "--name", name, "--token", token]);
  expect(made).toMatchObject({ exitCode: 0 });
  (server.requests as unknown[]).length = 0;
  return token;
}

async function withLoginProfile({ server, shell }: Setup, name = "ada"): Promise<string> {
  const jwt = someJwt();
  server.answer({ "POST /login": () => loginAnswer(jwt) });
  const made = await shell.conch(
    ["profile", "create", "--name", name, "--user", ADA.email, "--password", "-"],
    { stdin: "a password of ada\n" },
  );
  expect(made).toMatchObject({ exitCode: 0 });
  (server.requests as unknown[]).length = 0;
  return jwt;
}

function storedProfile({ shell }: Setup, name: string): Record<string, unknown> {
  const config = JSON.parse(readFileSync(shell.configPath, "utf8"));
  return config.profiles[name];
}

describe("which credential goes where", () => {
  test("pitfall 1: a token from CONCH_TOKEN or --token is used, with an active profile or without", async () => {
    using setup = setUp();
    const { server, shell } = setup;
    server.answer({ "GET /user/me/token": [] });
    const [first, second, stored] = [someToken(), someToken(), await withTokenProfile(setup)];
    server.answer({ "GET /user/me/token": [] });
    await shell.conch(["user", "tokens"], { env: { CONCH_TOKEN: first } });
    await shell.conch(["user", "tokens", "--token", second]);
    await shell.conch(["user", "tokens"]);
    const sent = server.requests.map(({ authorization }) => authorization);
    expect(sent).toEqual([`Bearer ${first}`, `Bearer ${second}`, `Bearer ${stored}`]);
  });

  test("pitfall 2: a stored token goes to its own profile's URL and nowhere else", async () => {
    using setup = setUp();
    using other = createRecorder();
    await withTokenProfile(setup);
    const { server, shell } = setup;
    server.answer({ "GET /user/me/token": [] });
    for (const surroundings of [
      { args: [], env: { CONCH_URL: other.url } },
      { args: ["--url", other.url], env: {} },
      { args: ["--url", `${server.url}/elsewhere`], env: {} },
      { args: ["--env", "production"], env: {} },
    ]) {
      const args = ["--profile", "auto", "user", "tokens", ...surroundings.args];
      const ended = await shell.conch(args, {
        env: { CONCH_TOKEN: someToken(), ...surroundings.env },
      });
      expect(ended.exitCode).toBe(2);
    }
    expect(other.requests).toEqual([]);
    expect(server.requests).toEqual([]);
  });

  test("pitfall 3: an unknown environment is an error, whatever else is missing", async () => {
    using setup = setUp();
    for (const env of [{ CONCH_ENV: "dev" }, { CONCH_ENV: "dev", CONCH_TOKEN: someToken() }]) {
      const ended = await setup.shell.conch(["user", "tokens"], { env });
      expect(ended).toMatchObject({ exitCode: 2 });
      expect(ended.stderr).toContain('unknown environment "dev"');
    }
    expect(setup.server.requests).toEqual([]);
  });

  test("pitfall 24: a refused credential ends with 3, and says which one it was", async () => {
    using setup = setUp();
    await withTokenProfile(setup);
    setup.server.answer({
      "*": () => Response.json({ error: "Unauthorized" }, { status: 401 }),
    });
    const ended = await setup.shell.conch(["user", "tokens"]);
    expect(ended).toMatchObject({ exitCode: 3, stdout: "" });
    expect(ended.stderr).toContain('the API token of the profile "auto"');
  });

  test("pitfall 26: CONCH_PROFILE chooses the profile of one shell", async () => {
    using setup = setUp();
    const [one, two] = [await withTokenProfile(setup, "one"), await withTokenProfile(setup, "two")];
    setup.server.answer({ "GET /user/me/token": [] });
    await Promise.all([
      setup.shell.conch(["user", "tokens"], { env: { CONCH_PROFILE: "two" } }),
      setup.shell.conch(["user", "tokens"], { env: { CONCH_PROFILE: "one" } }),
    ]);
    const sent = new Set(setup.server.requests.map(({ authorization }) => authorization));
    expect(sent).toEqual(new Set([`Bearer ${one}`, `Bearer ${two}`]));
  });
});

describe("profile upgrade", () => {
  const created = (token: string) => ({
    "POST /user/me/token": ({ body }: { body: string }) =>
      Response.json(tokenNamed(JSON.parse(body).name, token), { status: 201 }),
    "*": 204,
  });

  test("pitfall 4: without a profile, or one without a credential, nothing is made", async () => {
    using setup = setUp();
    expect((await setup.shell.conch(["profile", "upgrade"])).exitCode).toBe(3);
    const direct = await setup.shell.conch(["profile", "upgrade"], {
      env: { CONCH_TOKEN: someToken() },
    });
    expect(direct.exitCode).toBe(2);
    expect(setup.server.requests).toEqual([]);
  });

  test("pitfall 4: where the config cannot be written, nothing is made", async () => {
    using setup = setUp();
    await withLoginProfile(setup);
    const files = createNodeFileSystem({ isWindows: false });
    const full = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    const ended = await setup.shell.conch(["profile", "upgrade"], {
      context: {
        files: {
          ...files,
          createSynced() {
            throw full;
          },
        },
      },
    });
    expect(ended.exitCode).toBe(1);
    expect(setup.server.lines).toEqual([]);
  });

  test("pitfall 4: where the write fails afterwards, the new token is removed again", async () => {
    using setup = setUp();
    await withLoginProfile(setup);
    setup.server.answer(created(someToken()));
    const files = createNodeFileSystem({ isWindows: false });
    const ended = await setup.shell.conch(["profile", "upgrade"], {
      context: {
        files: {
          ...files,
          rename() {
            throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
          },
        },
      },
    });
    expect(ended.exitCode).toBe(1);
    const [creation, removal] = setup.server.requests.filter(({ target }) => target !== "/version");
    const { name } = JSON.parse(creation?.body ?? "{}");
    expect(removal?.method).toBe("DELETE");
    expect(removal?.target).toBe(`/user/me/token/${encodeURIComponent(name)}`);
    expect(storedProfile(setup, "ada")["token"]).toBe("");
  });

  test("pitfall 10: a reply that cannot be read stores nothing, and the token is looked for and removed", async () => {
    using setup = setUp();
    await withLoginProfile(setup);
    setup.server.answer({
      "POST /user/me/token": () => Response.json({}, { status: 201 }),
      "*": 204,
    });
    const ended = await setup.shell.conch(["profile", "upgrade", "--json"]);
    expect(ended).toMatchObject({ exitCode: 6, stdout: "" });
    expect(JSON.parse(ended.stderr).error.code).toBe("incompatible_reply");
    expect(setup.server.lines.map((line) => line.split(" ")[0])).toEqual(["POST", "DELETE"]);
    expect(storedProfile(setup, "ada")["token"]).toBe("");
  });

  test("pitfall 21: two upgrades in one millisecond make two names", async () => {
    using setup = setUp();
    await withLoginProfile(setup, "one");
    await withLoginProfile(setup, "two");
    setup.server.answer(created(someToken()));
    const context = { nowMs: () => 1_700_000_000_000 };
    await Promise.all(
      ["one", "two"].map((name) =>
        setup.shell.conch(["profile", "upgrade", "--profile", name], { context }),
      ),
    );
    const names = setup.server.requests
      .filter(({ method, target }) => method === "POST" && target === "/user/me/token")
      .map(({ body }) => JSON.parse(body).name);
    expect(new Set(names).size).toBe(2);
    expect(names[0]).toStartWith("conch ada@laptop 2023-11-14T22:13:20.000Z ");
  });

  test("the token of an earlier upgrade is removed after the new one is stored", async () => {
    using setup = setUp();
    await withLoginProfile(setup);
    const [first, second] = [someToken(), someToken()];
    setup.server.answer(created(first));
    await setup.shell.conch(["profile", "upgrade"]);
    const name = JSON.parse(setup.server.requests.find(({ body }) => body !== "")?.body ?? "").name;
    (setup.server.requests as unknown[]).length = 0;
    setup.server.answer(created(second));
    const refused = await setup.shell.conch(["profile", "upgrade"]);
    expect(refused.exitCode).toBe(2);
    expect(setup.server.requests).toEqual([]);
    const forced = await setup.shell.conch(["profile", "upgrade", "--force"]);
    expect(forced.exitCode).toBe(0);
    expect(setup.server.lines).toEqual([
      "POST /user/me/token",
      `DELETE /user/me/token/${encodeURIComponent(name)}`,
    ]);
    expect(setup.server.requests.at(-1)?.authorization).toBe(`Bearer ${second}`);
  });
});

describe("what is put into a path", () => {
  const env = { CONCH_TOKEN: someToken() };

  test.each([[".."], ["."], [""]])("pitfall 6, 8: the name %p is never sent", async (name) => {
    using setup = setUp();
    for (const args of [
      ["user", "token", "get", name],
      ["user", "token", "rm", name],
      ["user", "token", "create", name],
      ["admin", "user", "a@b.c", "token", "rm", name],
      ["admin", "user", "a@b.c", "token", "get", name],
      ["user", "setting", name, "get"],
      ["user", "setting", name, "set", "1"],
      ["user", "setting", name, "delete"],
    ]) {
      const ended = await setup.shell.conch(args, { env });
      expect([args, ended.exitCode]).toEqual([args, 2]);
    }
    expect(setup.server.lines).toEqual([]);
  });

  test("pitfall 6: a raw path with dot segments is never sent", async () => {
    using setup = setUp();
    for (const path of [
      "/user/a/..",
      "/user/./a",
      "/user/%2e%2e",
      "/user/a/%2E%2e/b",
      "/user//a",
      "/x\\..",
      "/a/",
      "user/me",
      "/user/me#x",
    ]) {
      const ended = await setup.shell.conch(["api", "delete", path], { env });
      expect([path, ended.exitCode]).toEqual([path, 2]);
    }
    expect(setup.server.lines).toEqual([]);
  });

  test("pitfall 7, 9: users are e-mail addresses, escaped, or UUIDs, in every command", async () => {
    using setup = setUp();
    const { server, shell } = setup;
    const uuid = "43D1CB83-5591-4d68-a5cf-1ec89f513f7f";
    const commands = [
      ["get"],
      ["update", "--name", "x"],
      ["promote"],
      ["demote"],
      ["delete", "--force"],
      ["tokens"],
      ["token", "get", "t"],
      ["token", "rm", "t"],
      ["revoke", "--force"],
      ["reset"],
    ];
    for (const command of commands) {
      await shell.conch(["admin", "user", "bob#x?/%@example.com", ...command], { env });
      await shell.conch(["admin", "user", uuid, ...command], { env });
    }
    expect(server.lines.length).toBe(commands.length * 2);
    server.lines.forEach((line, index) => {
      const user = index % 2 === 0 ? "email%3Dbob%23x%3F%2F%25%40example.com" : uuid;
      expect(line.split(/[ ?]/u)[1]?.split("/")[2]).toBe(user);
    });
    (server.requests as unknown[]).length = 0;
    expect((await shell.conch(["admin", "user", "bob", "get"], { env })).exitCode).toBe(2);
    expect(server.requests).toEqual([]);
  });

  test("pitfall 19: the base path of the URL is kept", async () => {
    using setup = setUp();
    setup.server.answer({ "GET /api/v1/user/me/token": [] });
    const ended = await setup.shell.conch(["user", "tokens"], {
      env: { ...env, CONCH_URL: `${setup.server.url}/api/v1/` },
    });
    expect(ended).toMatchObject({ exitCode: 0, stdout: "no API tokens\n" });
    expect(setup.server.lines).toEqual(["GET /api/v1/user/me/token"]);
  });
});

describe("what goes over the wire", () => {
  const env = { CONCH_TOKEN: someToken() };

  test("pitfall 5: each scope is sent as what every server knows", async () => {
    using setup = setUp();
    setup.server.answer({ "*": 204 });
    for (const scope of ["--auth-only", "--tokens-only", "--all"]) {
      await setup.shell.conch(["profile", "revoke-tokens", scope, "--force"], { env });
      await setup.shell.conch(["admin", "user", "a@b.c", "revoke", scope, "--force"], { env });
    }
    expect(setup.server.lines).toEqual([
      "POST /user/me/revoke?login_only=1",
      "POST /user/email%3Da%40b.c/revoke?login_only=1",
      "POST /user/me/revoke?api_only=1",
      "POST /user/email%3Da%40b.c/revoke?api_only=1",
      "POST /user/me/revoke",
      "POST /user/email%3Da%40b.c/revoke",
    ]);
  });

  test("pitfall 10: an answer that cannot be read is an error, never an empty result", async () => {
    using setup = setUp();
    const broken = [
      () => new Response("", { status: 201 }),
      () => new Response("<html>", { status: 201 }),
      () => Response.json({}, { status: 201 }),
      () => Response.json(tokenNamed("x", ""), { status: 201 }),
      () => Response.json(tokenNamed("x", someToken()), { status: 200 }),
      () => new Response(null, { status: 204 }),
    ];
    for (const answer of broken) {
      setup.server.answer({ "POST /user/me/token": answer });
      const ended = await setup.shell.conch(["user", "token", "create", "x", "--json"], { env });
      expect(ended).toMatchObject({ exitCode: 6, stdout: "" });
      expect(JSON.parse(ended.stderr).error.code).toBe("incompatible_reply");
    }
  });

  test("pitfall 20: a version that is not semver is told and tolerated; others are judged", async () => {
    using setup = setUp();
    const answer = (version: string) => ({
      "GET /version": { version },
      "GET /user/me/token": () => Response.json([], { headers: { "X-Conch-API": version } }),
      "POST /user/me/revoke": 204,
    });
    const verdicts = [
      ["nightly", 0],
      ["", 0],
      ["2.30.0", 0],
      ["v2.38.0-12-gabc", 0],
      ["3.99.1", 0],
      ["2.29.9", 1],
      ["4.0.0", 1],
      ["v10.1.0", 1],
    ] as const;
    for (const [version, exitCode] of verdicts) {
      setup.server.answer(answer(version));
      const read = await setup.shell.conch(["user", "tokens"], { env });
      expect([version, read.exitCode]).toEqual([version, exitCode]);
      (setup.server.requests as unknown[]).length = 0;
      const change = await setup.shell.conch(["profile", "revoke-tokens", "--all", "--force"], {
        env,
      });
      expect([version, change.exitCode]).toEqual([version, exitCode]);
      // What changes something is not sent to a server that may understand it otherwise.
      expect(setup.server.lines.length).toBe(exitCode === 0 ? 1 : 0);
    }
    setup.server.answer(answer("nightly"));
    const told = await setup.shell.conch(["user", "tokens"], { env });
    expect(told.stderr).toContain('"nightly", which cannot be judged');
  });

  test("pitfall 20: a failure without a text still says something", async () => {
    using setup = setUp();
    setup.server.answer({ "*": () => Response.json({}, { status: 500 }) });
    const ended = await setup.shell.conch(["user", "tokens"], { env });
    expect(ended).toMatchObject({ exitCode: 6, stdout: "" });
    expect(ended.stderr).toMatch(/^error: Internal Server Error \(500, GET /u);
  });
});

describe("credentials that died", () => {
  test("pitfall 11: --overwrite replaces every credential of the profile", async () => {
    using setup = setUp();
    const token = await withTokenProfile(setup, "p");
    const jwt = someJwt();
    setup.server.answer({ "POST /login": () => loginAnswer(jwt) });
    const args = ["profile", "create", "--name", "p", "--user", ADA.email, "--password", "x y z"];
    expect((await setup.shell.conch(args)).exitCode).toBe(1);
    expect((await setup.shell.conch([...args, "--overwrite"])).exitCode).toBe(0);
    await setup.shell.conch(["user", "profile"]);
    expect(setup.server.requests.at(-1)?.authorization).toBe(`Bearer ${jwt}`);
    expect(setup.server.requests.map(({ authorization }) => authorization)).not.toContain(
      `Bearer ${token}`,
    );
    expect(storedProfile(setup, "p")["token"]).toBe("");
  });

  test("pitfall 14: what died on the server leaves the profile, and nothing else does", async () => {
    const cases = [
      ["token", ["--tokens-only"], true],
      ["token", ["--auth-only"], false],
      ["token", ["--all"], true],
      ["login", ["--tokens-only"], false],
      ["login", ["--auth-only"], true],
      ["login", ["--all"], true],
    ] as const;
    for (const [kind, scope, isDropped] of cases) {
      using setup = setUp();
      await (kind === "token" ? withTokenProfile(setup, "p") : withLoginProfile(setup, "p"));
      setup.server.answer({ "*": 204 });
      const ended = await setup.shell.conch([
        "profile",
        "revoke-tokens",
        ...scope,
        "--force",
        "--json",
      ]);
      expect(JSON.parse(ended.stdout).credential_dropped).toBe(isDropped);
      const list = await setup.shell.conch(["profile", "list", "--json"]);
      expect(JSON.parse(list.stdout)[0].auth).toBe(isDropped ? "none" : kind);
    }
  });

  test("pitfall 14: --purge-tokens takes the dead token out, and a login is renewed", async () => {
    const change = ["profile", "change-password", "--password", "-", "--purge-tokens", "--json"];
    const stdin = "a new password\n";
    const renewed = someJwt();
    for (const [kind, auth] of [
      ["token", "none"],
      ["login", "login"],
    ] as const) {
      using setup = setUp();
      await (kind === "token" ? withTokenProfile(setup, "p") : withLoginProfile(setup, "p"));
      setup.server.answer({
        "POST /user/me/password": 204,
        "POST /login": () => loginAnswer(renewed),
        "GET /user/me/token": [],
      });
      const ended = await setup.shell.conch(change, { stdin });
      expect(JSON.parse(ended.stdout).credential_dropped).toBe(kind === "token");
      expect(setup.server.lines).toContain("POST /user/me/password?clear_tokens=all");
      const list = await setup.shell.conch(["profile", "list", "--json"]);
      expect(JSON.parse(list.stdout)[0].auth).toBe(auth);
      if (kind === "login") {
        await setup.shell.conch(["user", "tokens"]);
        expect(setup.server.requests.at(-1)?.authorization).toBe(`Bearer ${renewed}`);
      }
    }
  });

  test("pitfall 14: a login that cannot be renewed after a change of password is not kept", async () => {
    using setup = setUp();
    await withLoginProfile(setup, "p");
    setup.server.answer({
      "POST /user/me/password": 204,
      "POST /login": () => Response.json({ error: "oops" }, { status: 500 }),
    });
    const ended = await setup.shell.conch(["profile", "change-password", "--password", "-"], {
      stdin: "a new password\n",
    });
    expect(ended.exitCode).toBe(6);
    expect(ended.stderr).toContain("the password was changed; only logging in again failed");
    const list = await setup.shell.conch(["profile", "list", "--json"]);
    expect(JSON.parse(list.stdout)[0].auth).toBe("none");
  });

  test("pitfall 15: change-password on a token profile logs nobody in", async () => {
    using setup = setUp();
    await withTokenProfile(setup, "p");
    setup.server.answer({ "POST /user/me/password": 204 });
    const ended = await setup.shell.conch(["profile", "change-password"], {
      answers: ["a new password", "a new password"],
    });
    expect(ended).toMatchObject({ exitCode: 0 });
    expect(ended.questions[0]).toBe("New password of ada@example.com");
    expect(setup.server.lines).toEqual([
      "GET /user/me",
      "POST /user/me/password?clear_tokens=login_only",
    ]);
    const list = await setup.shell.conch(["profile", "list", "--json"]);
    expect(JSON.parse(list.stdout)[0].auth).toBe("token");
  });
});

describe("secrets", () => {
  test("pitfall 16: a password that is the user's name or address is refused, whatever the server thinks", async () => {
    using setup = setUp();
    await withTokenProfile(setup, "p");
    setup.server.answer({ "POST /user/me/password": 204, "POST /user": 201 });
    for (const password of [ADA.email, "ADA@example.com", "ada", "ada lovelace"]) {
      const args = ["profile", "change-password", "--password", password];
      expect((await setup.shell.conch(args)).exitCode).toBe(2);
      const create = [
        "admin",
        "user",
        ADA.email,
        "create",
        "--name",
        ADA.name,
        "--password",
        password,
      ];
      expect((await setup.shell.conch(create)).exitCode).toBe(2);
    }
    expect(setup.server.requests.filter(({ method }) => method === "POST")).toEqual([]);
  });

  test("pitfall 16: --trace shows requests and no secret", async () => {
    using setup = setUp();
    const jwt = someJwt();
    const fresh = someToken();
    setup.server.answer({
      "POST /login": () => loginAnswer(jwt),
      "POST /user/me/token": () => Response.json(tokenNamed("t", fresh), { status: 201 }),
    });
    const login = [
      "profile",
      "create",
      "--name",
      "p",
      "--user",
      ADA.email,
      "--password",
      "my secret words",
    ];
    const first = await setup.shell.conch([...login, "--trace"]);
    const second = await setup.shell.conch(["user", "token", "create", "t", "--trace", "--debug"]);
    const shown = first.stderr + second.stderr;
    expect(shown).toContain("> POST ");
    expect(shown).toContain("sha256:");
    for (const secret of [fresh, "my secret words", ...jwt.split(".").slice(1)]) {
      expect(shown).not.toContain(secret);
    }
  });

  test("pitfall 25: no secret needs to be in the arguments", async () => {
    using setup = setUp();
    const token = someToken();
    const file = `${setup.shell.configPath}.token`;
    writeFileSync(file, `${token}\n`);
    const dan = { id: ADA.id, email: "dan@example.com", name: "dan" };
    setup.server.answer({
      "GET /user/me/token": [],
      "POST /login": () => loginAnswer(someJwt()),
      "POST /user/me/password": 204,
      "POST /user": () => Response.json(dan, { status: 201 }),
    });
    const run = setup.shell.conch;
    const create = ["profile", "create", "--name"];
    const results = [
      await run([...create, "a", "--token", "-"], { stdin: `${token}\n` }),
      await run([...create, "b", "--user", ADA.email, "--password", "-"], { stdin: "p w d\n" }),
      await run([...create, "c", "--user", ADA.email], { answers: ["p w d"] }),
      await run(["--profile", "a", "profile", "set", "token", "-"], { stdin: `${token}\n` }),
      await run(["--profile", "a", "profile", "set", "token"], { answers: [token] }),
      await run(["user", "tokens", "--token", "-"], { stdin: `${token}\n` }),
      await run(["user", "tokens"], { env: { CONCH_TOKEN: token } }),
      await run(["user", "tokens", "--token-file", file]),
      await run(["user", "tokens"], { env: { CONCH_TOKEN_FILE: file } }),
      await run([...create, "d", "--token-file", file]),
      await run(["profile", "change-password", "--password", "-"], { stdin: "n e w\n" }),
      await run(["--profile", "b", "profile", "relogin", "--password", "-"], {
        stdin: "p w d\n",
      }),
      await run(["admin", "user", "dan@example.com", "create", "--password", "-"], {
        stdin: "d a n\n",
      }),
    ];
    expect(results.map(({ exitCode }) => exitCode)).toEqual(results.map(() => 0));
    // And each arrived as what it is, not as the dash that stood for it.
    const { requests } = setup.server;
    const passwords = requests.map(({ body }) => (body === "" ? {} : JSON.parse(body)).password);
    expect(passwords.filter((password) => password !== undefined)).toEqual([
      "p w d",
      "p w d",
      "n e w",
      "p w d",
      "d a n",
    ]);
    const used = requests.map(({ authorization }) => authorization);
    const tokens = used.filter((each) => each !== null && !each.startsWith("Bearer eyJ"));
    expect(new Set(tokens)).toEqual(new Set([`Bearer ${token}`]));
  });
});

describe("lines and output", () => {
  const env = { CONCH_TOKEN: someToken() };

  test("pitfall 17: --json prints null for never, sorted, on stdout alone; errors on stderr alone", async () => {
    using setup = setUp();
    setup.server.answer({
      "GET /user/me/token": ["b", "\u{1F41A}", "a", "\uFF5E", "B"].map((name) => tokenNamed(name)),
    });
    const list = await setup.shell.conch(["user", "tokens", "--json"], { env });
    expect(list.stderr).toBe("");
    const tokens = JSON.parse(list.stdout);
    expect(tokens.map(({ name }: { name: string }) => name)).toEqual([
      "B",
      "a",
      "b",
      "\uFF5E",
      "\u{1F41A}",
    ]);
    expect(tokens[0].last_used).toBeNull();
    const failed = await setup.shell.conch(["user", "token", "get", "none", "--json"], { env });
    expect(failed.stdout).toBe("");
    expect(Object.keys(JSON.parse(failed.stderr))).toEqual(["error", "notes"]);
  });

  test("pitfall 17: the Go client's zero times in a config are never, too", async () => {
    using setup = setUp();
    const never = "0001-01-01T00:00:00Z";
    const jwt = { Expires: never, Token: "eyJhbGciOiJIUzI1NiJ9.e30", Signature: "c2ln" };
    const profile = { name: "p", active: true, api_url: setup.server.url, expires: never };
    for (const credential of [
      { ...profile, jwt },
      { ...profile, expires: 0, jwt: "eyJhbGciOiJIUzI1NiJ9.e30.c2ln" },
      {
        ...profile,
        jwt: { ...jwt, Token: "", Signature: "" },
        token: "x",
        token_info: { expires: never },
      },
    ]) {
      const text = JSON.stringify({ profiles: { p: credential } });
      writeFileSync(setup.shell.configPath, text, { mode: 0o600 });
      const list = await setup.shell.conch(["profile", "list", "--json"]);
      expect(JSON.parse(list.stdout)[0]).toMatchObject({ name: "p", expires: null });
      expect(list.stdout).not.toContain("0001");
    }
  });

  test("pitfall 18: profiles are listed by name; deleting says what is not there, and what is active", async () => {
    using setup = setUp();
    for (const name of ["b", "a", "C"]) await withTokenProfile(setup, name);
    const list = await setup.shell.conch(["profile", "ls", "--json"]);
    expect(JSON.parse(list.stdout).map(({ name }: { name: string }) => name)).toEqual([
      "C",
      "a",
      "b",
    ]);
    expect((await setup.shell.conch(["profile", "rm", "none"])).exitCode).toBe(5);
    const removed = await setup.shell.conch(["profile", "rm", "b"]);
    expect(removed.stderr).toContain(
      "none is active now: choose one with conch profile set active",
    );
    expect((await setup.shell.conch(["user", "tokens"])).exitCode).toBe(3);
  });

  test("pitfall 23: global options stand anywhere, in each spelling", async () => {
    using setup = setUp();
    setup.server.answer({ "GET /user/me/token": [] });
    const { url } = setup.server;
    const token = someToken();
    const lines = [
      ["--json", "--url", url, "user", "tokens"],
      ["user", "--json", "tokens", "--url", url],
      ["user", "tokens", "-j", `--url=${url}`],
      [`--url=${url}`, "-j", "u", "tokens"],
      ["user", "tokens", "--url", url, "--env", "development", "--json", "--no-color"],
      ["-jc", "/nowhere/config.json", "user", "tokens"],
      ["-jc=/nowhere/config.json", "user", "tokens"],
    ];
    for (const line of lines) {
      const ended = await setup.shell.conch(line, { env: { CONCH_TOKEN: token } });
      expect(ended).toEqual({ exitCode: 0, stdout: "[]\n", stderr: "", questions: [] });
    }
  });

  test("pitfall 23: a value is a value, whatever it looks like", async () => {
    using setup = setUp();
    setup.server.answer({
      "GET /user/me/token/-x": tokenNamed("-x"),
      "GET /user/me/token/ls": tokenNamed("ls"),
    });
    const token = someToken();
    for (const name of ["ls", "create", "--json", "rm", "-j"]) {
      const args = ["profile", "create", `--name=${name}`, "--token", token, "--json"];
      const made = await setup.shell.conch(args);
      expect(JSON.parse(made.stdout).name).toBe(name);
    }
    const spaced = await setup.shell.conch(["--profile", "ls", "user", "token", "get", "ls"]);
    expect(spaced.exitCode).toBe(0);
    expect((await setup.shell.conch(["user", "token", "get", "--", "-x"], { env })).exitCode).toBe(
      0,
    );
    const doubtful = await setup.shell.conch(["profile", "create", "--name", "--json"]);
    expect(doubtful.exitCode).toBe(2);
    expect(doubtful.stderr).toContain("--name=--json");
  });

  test("pitfall 23: help is answered on any line, and asks nobody", async () => {
    using setup = setUp();
    for (const line of [
      ["admin", "user", "X", "--help"],
      ["admin", "user", "X", "token", "rm", "-h"],
      ["user", "setting", "theme", "get", "--help"],
      ["user", "token", "create", "--help", "--json"],
      ["help", "admin", "user", "X", "token", "rm"],
      ["admin", "user", "X", "help"],
      ["user", "token", "help"],
    ]) {
      const ended = await setup.shell.conch(line);
      expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
      expect(ended.stdout).toContain("conch");
    }
    expect(setup.server.requests).toEqual([]);
  });
});
