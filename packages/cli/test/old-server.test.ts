// conch against an old Conch API 2.38: tokens are JWTs, errors are texts, nothing of ours is known.
import { expect, test } from "bun:test";
import { createShell } from "./conch.ts";
import { createOldServer } from "./old-server.ts";

const PASSWORD = "correct horse battery";

function setUp() {
  const server = createOldServer(PASSWORD);
  const shell = createShell({ CONCH_ENV: "development", CONCH_URL: server.url });
  const run = async (line: string, stdin = "") => {
    const ended = await shell.conch([...line.split(" "), "--json"], { stdin });
    return {
      ...ended,
      json: ended.stdout === "" ? JSON.parse(ended.stderr) : JSON.parse(ended.stdout),
    };
  };
  const logIn = () =>
    run(
      "profile create --name ada --user ada@example.com --password - --overwrite",
      `${PASSWORD}\n`,
    );
  return {
    server,
    run,
    logIn,
    [Symbol.dispose]() {
      server[Symbol.dispose]();
      shell[Symbol.dispose]();
    },
  };
}

test("the life of a token", async () => {
  using old = setUp();
  expect((await old.logIn()).json).toMatchObject({ auth: "login" });
  expect((await old.run("version")).json.server).toBe("v2.38.0");
  const made = (await old.run("user token create a/b")).json;
  expect(made).toMatchObject({ name: "a/b", last_used: null });
  expect((await old.run("user tokens")).json).toEqual([
    { name: "a/b", created: made.created, last_used: null, expires: made.expires },
  ]);
  const stored = await old.run(`profile create --name auto --token ${made.token}`);
  expect(stored.json).toMatchObject({ auth: "token" });
  expect((await old.run("--profile auto user token get a/b")).json.name).toBe("a/b");
  expect((await old.run("user token rm a/b --wait")).json).toEqual({
    name: "a/b",
    removed: true,
    revocation: null,
  });
  const dead = await old.run("--profile auto user tokens");
  expect(dead).toMatchObject({ exitCode: 3 });
  expect(dead.json.error.code).toBe("unauthorized");
});

test("errors are texts without a code", async () => {
  using old = setUp();
  await old.logIn();
  await old.run("user token create x");
  const twice = await old.run("user token create x");
  expect(twice).toMatchObject({ exitCode: 1, stdout: "" });
  expect(twice.json.error).toMatchObject({ code: "refused" });
  expect(twice.json.error.message).toContain('name "x" is already in use');
  expect(await old.run("user token get none")).toMatchObject({ exitCode: 5 });
  expect(await old.run("user setting none get")).toMatchObject({ exitCode: 5 });
});

test("account, settings, administration", async () => {
  using old = setUp();
  await old.logIn();
  expect((await old.run("user profile")).json).toMatchObject({
    email: "ada@example.com",
    workspaces: [],
  });
  await old.run("user setting theme set dark");
  expect((await old.run("user setting theme get")).json).toEqual({ theme: "dark" });
  expect((await old.run("user settings")).json).toEqual({ theme: "dark" });
  expect((await old.run("user setting theme delete")).exitCode).toBe(0);
  expect((await old.run("admin users")).json.length).toBe(1);
  expect((await old.run("admin user ada@example.com get")).json.name).toBe("Ada Lovelace");
  expect(await old.run("admin user bob@example.com get")).toMatchObject({ exitCode: 5 });
});

test("upgrade, revocation of one kind, a change of password", async () => {
  using old = setUp();
  await old.logIn();
  expect((await old.run("profile upgrade")).json.auth).toBe("token");
  const first = (await old.run("user tokens")).json.length;
  expect((await old.run("profile upgrade --force")).json.auth).toBe("token");
  expect([first, (await old.run("user tokens")).json.length]).toEqual([1, 1]);
  // Only logins: on the old server, too, the token lives on.
  expect((await old.run("profile revoke-tokens --auth-only")).json.credential_dropped).toBe(false);
  expect((await old.run("user tokens")).exitCode).toBe(0);
  await old.logIn();
  const changed = await old.run("profile change-password --password -", "another password\n");
  expect(changed.json).toMatchObject({ changed: true, logged_in_again: true });
  expect((await old.run("user profile")).exitCode).toBe(0);
});

test("the way back in after a reset", async () => {
  using old = setUp();
  await old.logIn();
  old.server.reset("one-time");
  expect(await old.run("user profile")).toMatchObject({ exitCode: 3 });
  const alone = await old.run("profile relogin --password -", "one-time\n");
  expect(alone).toMatchObject({ exitCode: 3 });
  expect(alone.json.error.code).toBe("password_change_required");
  const both = await old.run(
    "profile relogin --password - --new-password -",
    "one-time\nfresh one\n",
  );
  expect(both.json).toMatchObject({ auth: "login" });
  expect((await old.run("user profile")).exitCode).toBe(0);
});

test("pitfall 5: nothing is sent that it would misunderstand", async () => {
  using old = setUp();
  await old.logIn();
  await old.run("profile revoke-tokens --tokens-only");
  await old.run("profile revoke-tokens --auth-only");
  const revocations = old.server.requests.filter((line) => line.includes("revoke"));
  expect(revocations).toEqual([
    "POST /user/me/revoke?api_only=1",
    "POST /user/me/revoke?login_only=1",
  ]);
});
