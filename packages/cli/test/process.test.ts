// The real process: signals, and what the runtime does with proxies and authorities.
import { describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import {
  createRecorder,
  loginAnswer,
  someJwt,
  someToken,
  tokenNamed,
  VERSION_HEADERS,
} from "./recorder.ts";

const MAIN = join(import.meta.dir, "../src/main.ts");
// A certificate and its key for these tests alone; nothing else trusts it.
const TLS = join(import.meta.dir, "fixtures/tls");

/** Starts `conch` in an empty home, with nothing of this process's environment. */
function createHome() {
  const home = mkdtempSync(join(tmpdir(), "conch-process-"));
  const start = (
    args: readonly string[],
    env: Record<string, string> = {},
    wrapper: readonly string[] = [],
  ) =>
    Bun.spawn([...wrapper, process.execPath, MAIN, ...args], {
      cwd: home,
      env: { HOME: home, PATH: process.env["PATH"] ?? "", CONCH_ENV: "development", ...env },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
  return {
    home,
    start,
    async run(args: readonly string[], env: Record<string, string> = {}) {
      const child = start(args, env);
      const [exitCode, stdout, stderr] = await Promise.all([
        child.exited,
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
      ]);
      return { exitCode, stdout, stderr };
    },
    [Symbol.dispose]: () => rmSync(home, { recursive: true, force: true }),
  };
}

describe("an interruption", () => {
  test("ends a wait at once, with 130", async () => {
    using home = createHome();
    const arrived = Promise.withResolvers<void>();
    const never = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () => {
        arrived.resolve();
        return new Promise<Response>(() => undefined);
      },
    });
    const child = home.start(["user", "tokens", "--json"], {
      CONCH_TOKEN: someToken(),
      CONCH_URL: `http://127.0.0.1:${never.port}`,
    });
    await arrived.promise;
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    expect(JSON.parse(await new Response(child.stderr).text()).error.code).toBe("interrupted");
    void never.stop(true);
  });

  test("ends the wait for a pipe that should give a token", async () => {
    using home = createHome();
    const pipe = join(home.home, "pipe");
    Bun.spawnSync(["mkfifo", pipe]);
    const child = home.start(["user", "tokens", "--url", "http://127.0.0.1:1", "--debug"], {
      CONCH_TOKEN_FILE: pipe,
    });
    // Opened for writing as soon as somebody reads.
    const writer = await open(pipe, "w");
    child.kill("SIGTERM");
    expect(await child.exited).toBe(130);
    await writer.close();
  });

  test("nohup keeps a closed terminal from ending a command", async () => {
    using home = createHome();
    using server = createRecorder();
    const arrived = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    server.answer({
      "GET /user/me/token": async () => {
        arrived.resolve();
        await answer.promise;
        return Response.json([], { headers: VERSION_HEADERS });
      },
      "*": 204,
    });
    const env = { CONCH_TOKEN: someToken(), CONCH_URL: server.url };
    const child = home.start(["user", "tokens"], env, ["nohup"]);
    await arrived.promise;
    child.kill("SIGHUP");
    answer.resolve();
    expect(await child.exited).toBe(0);
  });

  // SIGHUP is what a terminal says when its window is closed.
  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "pitfall 4: in the middle of an upgrade %s takes effect once the new token is stored",
    async (signal) => {
      using home = createHome();
      using server = createRecorder();
      const env = { CONCH_URL: server.url };
      const token = someToken();
      const arrived = Promise.withResolvers<void>();
      const answer = Promise.withResolvers<void>();
      server.answer({ "POST /login": () => loginAnswer(someJwt()) });
      await home.run(
        ["profile", "create", "--name", "p", "--user", "ada@example.com", "--password", "x"],
        env,
      );
      server.answer({
        "POST /user/me/token": async ({ body }) => {
          arrived.resolve();
          await answer.promise;
          const { name } = JSON.parse(body);
          return Response.json(tokenNamed(name, token), { status: 201, headers: VERSION_HEADERS });
        },
        "*": 204,
      });
      const child = home.start(["profile", "upgrade"], env);
      await arrived.promise;
      child.kill(signal);
      answer.resolve();
      expect(await child.exited).toBe(130);
      const config = JSON.parse(readFileSync(join(home.home, ".conch.json"), "utf8"));
      expect(config.profiles.p.token).not.toBe("");
      const list = await home.run(["profile", "list", "--json"], env);
      expect(JSON.parse(list.stdout)[0]).toMatchObject({ auth: "token", unusable: null });
    },
  );
});

test("an upgraded token's name says who runs conch, where no variable does", async () => {
  using home = createHome();
  using server = createRecorder();
  const env = { CONCH_URL: server.url };
  const create = ["profile", "create", "--name", "p", "--token", someToken()];
  expect((await home.run(create, env)).exitCode).toBe(0);
  server.answer({
    "POST /user/me/token": ({ body }) =>
      Response.json(tokenNamed(JSON.parse(body).name, someToken()), { status: 201 }),
  });
  const ended = await home.run(["profile", "upgrade", "--force", "--json"], env);
  const user = Bun.spawnSync(["id", "-un"]).stdout.toString().trim();
  expect(JSON.parse(ended.stdout).token_name).toStartWith(`conch ${user}@${hostname()} `);
});

test("a token comes from a pipe, as of a shell's process substitution", async () => {
  using home = createHome();
  using server = createRecorder();
  const token = someToken();
  server.answer({ "GET /user/me/token": [] });
  const bash = Bun.spawn(
    ["bash", "-c", '"$1" "$2" user tokens --token-file <(sleep 0.1; echo "$TOKEN")', "bash"].concat(
      [process.execPath, MAIN],
    ),
    {
      env: {
        HOME: home.home,
        PATH: process.env["PATH"] ?? "",
        CONCH_ENV: "development",
        CONCH_URL: server.url,
        TOKEN: token,
      },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    },
  );
  expect(await bash.exited).toBe(0);
  expect(server.requests.at(-1)?.authorization).toBe(`Bearer ${token}`);
});

test("a line on stdin that does not end is refused before memory does", async () => {
  using home = createHome();
  const line = [process.execPath, MAIN, "profile", "which", "--token", "-"];
  const child = Bun.spawn(line, {
    env: { HOME: home.home, CONCH_ENV: "development", CONCH_URL: "http://127.0.0.1:1" },
    stdin: Bun.file("/dev/zero"),
    stdout: "ignore",
    stderr: "pipe",
  });
  expect(await new Response(child.stderr).text()).toStartWith("error: stdin gave a line without");
  expect(await child.exited).toBe(2);
});

test("a config that is no file is an error at once, and nothing is made beside it", async () => {
  using home = createHome();
  const pipe = join(home.home, "pipe");
  Bun.spawnSync(["mkfifo", pipe]);
  for (const args of [
    ["profile", "list"],
    ["profile", "set", "active", "p"],
  ]) {
    const ended = await home.run([...args, "--config", pipe]);
    expect(ended).toMatchObject({ exitCode: 1, stdout: "" });
    expect(ended.stderr).toContain(`${pipe}: it is a named pipe, not a file`);
  }
  expect(existsSync(`${pipe}.lock`)).toBe(false);
});

describe("a credential_process", () => {
  function createProfile(home: string, command: readonly string[]) {
    const profile = { api_url: "http://127.0.0.1:1", active: true, credential_process: command };
    writeFileSync(join(home, ".conch.json"), JSON.stringify({ profiles: { vault: profile } }), {
      mode: 0o600,
    });
  }

  test("ends with conch where that is interrupted", async () => {
    using home = createHome();
    const pidFile = join(home.home, "pid");
    createProfile(home.home, [
      "sh",
      "-c",
      'echo $$ > "$HOME/new"; mv "$HOME/new" "$HOME/pid"; exec sleep 60',
    ]);
    const child = home.start(["user", "tokens"]);
    while (!existsSync(pidFile)) await Bun.sleep(5);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(130);
    // It holds the other end of this pipe.
    expect(await new Response(child.stderr).text()).toContain("interrupted");
  });

  test("tells what it says on stderr in the notes, with --json: one document stands there", async () => {
    using home = createHome();
    createProfile(home.home, ["sh", "-c", "echo the vault is sealed >&2; exit 1"]);
    const failed = await home.run(["user", "tokens", "--json"]);
    expect(failed).toMatchObject({ exitCode: 3, stdout: "" });
    expect(JSON.parse(failed.stderr).notes).toEqual(["sh: the vault is sealed"]);
    const shown = await home.run(["user", "tokens"]);
    expect(shown.stderr).toStartWith("the vault is sealed\nerror: ");
  });
});

describe("the network", () => {
  test("a proxy is used where the usual variable names one", async () => {
    using home = createHome();
    using proxy = createRecorder();
    proxy.answer({ "*": () => Response.json([], { headers: VERSION_HEADERS }) });
    const ended = await home.run(["user", "tokens", "--json"], {
      CONCH_TOKEN: someToken(),
      CONCH_URL: "http://conch.invalid/api",
      HTTP_PROXY: proxy.url,
    });
    expect(ended).toEqual({ exitCode: 0, stdout: "[]\n", stderr: "" });
    expect(proxy.requests.length).toBe(1);
  });

  test.each([
    ["HTTP_PROXY", "user:pr0xy-secret@127.0.0.1:3128"],
    ["http_proxy", "http://127.0.0.1:99999"],
    ["HTTP_PROXY", " http://127.0.0.1:3128"],
    ["HTTP_PROXY", "http:127.0.0.1:3128"],
    ["ALL_PROXY", "socks5://user:pr0xy-secret@127.0.0.1:1080"],
  ])("a proxy that cannot be one is wrong usage: %s=%s", async (variable, proxy) => {
    using home = createHome();
    using server = createRecorder();
    const env = { CONCH_TOKEN: someToken(), CONCH_URL: server.url, [variable]: proxy };
    const ended = await home.run(["user", "tokens"], env);
    expect(ended).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ended.stderr).toStartWith(`error: ${variable} does not name a proxy as http://`);
    expect(ended.stderr).not.toContain("pr0xy-secret");
    const version = await home.run(["version"], env);
    expect(version.exitCode).toBe(0);
    expect(version.stderr).toContain(variable);
    expect(server.requests).toEqual([]);
    server.answer({ "GET /user/me/token": [] });
    for (const exception of ["x, 127.0.0.1", ".0.0.1 127.0.0.0/8", "*"]) {
      const excepted = { ...env, NO_PROXY: exception };
      expect((await home.run(["user", "tokens", "--json"], excepted)).exitCode).toBe(0);
    }
  });

  test.each([
    ["HTTP_PROXY", "http"],
    ["https_proxy", "https"],
  ])("a proxy that cannot be reached is named by its variable: %s", async (variable, scheme) => {
    using home = createHome();
    const ended = await home.run(["user", "tokens"], {
      CONCH_TOKEN: someToken(),
      CONCH_URL: `${scheme}://conch.invalid`,
      [variable]: "127.0.0.1:1",
      NO_PROXY: "example.com",
    });
    expect(ended).toMatchObject({ exitCode: 6, stdout: "" });
    expect(ended.stderr).toContain(
      `connection refused, by way of the proxy that ${variable} names`,
    );
  });

  test("a certificate of an unknown authority is refused; NODE_EXTRA_CA_CERTS names a known one", async () => {
    using home = createHome();
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      tls: { key: Bun.file(join(TLS, "key.pem")), cert: Bun.file(join(TLS, "certificate.pem")) },
      fetch: () => Response.json([], { headers: VERSION_HEADERS }),
    });
    const env = { CONCH_TOKEN: someToken(), CONCH_URL: `https://127.0.0.1:${server.port}` };
    const refused = await home.run(["user", "tokens", "--json"], env);
    expect(refused).toMatchObject({ exitCode: 6, stdout: "" });
    expect(JSON.parse(refused.stderr).error.code).toBe("tls");
    const known = await home.run(["user", "tokens", "--json"], {
      ...env,
      NODE_EXTRA_CA_CERTS: join(TLS, "certificate.pem"),
    });
    expect(known).toEqual({ exitCode: 0, stdout: "[]\n", stderr: "" });
    // Of a whole shell, for another program: a token would go to whoever answers.
    const careless = await home.run(["user", "tokens"], {
      ...env,
      NODE_TLS_REJECT_UNAUTHORIZED: "0",
    });
    expect(careless).toMatchObject({ exitCode: 6, stdout: "" });
    void server.stop(true);
  });

  test("no variable of the runtime shows the token", async () => {
    using home = createHome();
    using server = createRecorder();
    server.answer({ "*": () => Response.json([], { headers: VERSION_HEADERS }) });
    const ended = await home.run(["user", "tokens", "--json"], {
      CONCH_TOKEN: someToken(),
      CONCH_URL: server.url,
      BUN_CONFIG_VERBOSE_FETCH: "curl",
    });
    expect(ended).toEqual({ exitCode: 0, stdout: "[]\n", stderr: "" });
  });

  test("IPv6 addresses are addresses", async () => {
    using home = createHome();
    const server = Bun.serve({
      port: 0,
      hostname: "::1",
      fetch: () => Response.json([], { headers: VERSION_HEADERS }),
    });
    const env = { CONCH_TOKEN: someToken(), CONCH_URL: `http://[::1]:${server.port}` };
    expect(await home.run(["user", "tokens", "--json"], env)).toMatchObject({ stdout: "[]\n" });
    void server.stop(true);
  });
});
