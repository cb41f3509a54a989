// The build flags and the promises of the build, on what was built: bundles are searched, binaries run.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { testBinaries } from "../../acceptance/harness/binaries.ts";
import { canTrace, readTrace, traced } from "../../acceptance/harness/system-calls.ts";
import { buildBinary, buildBundle, NO_FLAGS } from "../binaries.ts";
import { readBuildFlags } from "../build-flags.ts";

// Building takes a second, or many on a machine with other work.
setDefaultTimeout(120_000);

const TOKEN = `conch_${"0".repeat(38)}`;
const FOLDER = mkdtempSync(join(tmpdir(), "conch-artefacts-"));
const AUTOMATION = readBuildFlags({
  DISABLE_API_TOKEN_CRUD: "1",
  TOKEN_OBFUSCATION_KEY: "held-out-key",
});
const WITHOUT_ADMIN = readBuildFlags({
  DISABLE_ADMIN_FUNCTIONS: "1",
  DISABLE_API_VERSION_CHECK: "1",
  CONCH_PRODUCTION_URL: "https://conch.example.com/api/",
  CONCH_STAGING_URL: "https://staging.example.com",
});

let conch: string;
let automation: string;
let withoutAdmin: string;
let requests = 0;
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch() {
    requests += 1;
    return new Response(null, { status: 500 });
  },
});

beforeAll(async () => {
  conch = join(await testBinaries(), "conch");
  automation = join(FOLDER, "automation", "conch");
  withoutAdmin = join(FOLDER, "without-admin", "conch");
  await Promise.all([
    buildBinary("conch", automation, AUTOMATION),
    buildBinary("conch", withoutAdmin, WITHOUT_ADMIN),
  ]);
});
afterAll(async () => {
  await server.stop(true);
  rmSync(FOLDER, { recursive: true });
});

async function run(binary: string, args: readonly string[], env: Record<string, string> = {}) {
  const home = mkdtempSync(join(FOLDER, "home-"));
  const child = Bun.spawn([binary, ...args], {
    cwd: home,
    env: {
      HOME: home,
      CONCH_TOKEN: TOKEN,
      CONCH_ENV: "development",
      CONCH_URL: server.url.href,
      ...env,
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { exitCode: await child.exited, stdout, stderr };
}

function digest(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

describe("the build", () => {
  test.each(["conch", "conchd"] as const)("%s: two builds are identical", async (program) => {
    const again = join(FOLDER, "again", program);
    await buildBinary(program, again, NO_FLAGS);
    expect(digest(again)).toBe(digest(join(await testBinaries(), program)));
  });

  test("a flag with a wrong value fails it, and names the flag", async () => {
    const child = Bun.spawn([process.execPath, join(import.meta.dir, "..", "build.ts")], {
      env: { ...process.env, DISABLE_ADMIN_FUNCTIONS: "maybe" },
      stderr: "pipe",
    });
    expect(await child.exited).toBe(1);
    expect(await new Response(child.stderr).text()).toContain("DISABLE_ADMIN_FUNCTIONS");
  });
});

describe("pitfall 27: nothing is read from the current directory", () => {
  const repository = join(FOLDER, "repository");
  const marker = join(FOLDER, "was-run");
  const env = { PATH: process.env["PATH"] ?? "", HOME: FOLDER };

  beforeAll(() => {
    mkdirSync(repository);
    const files = {
      ".env": `CONCH_ENV=taken-from-dotenv\nCONCHD_LISTEN=taken-from-dotenv\n`,
      ".env.local": `CONCH_ENV=taken-from-dotenv\nCONCHD_LISTEN=taken-from-dotenv\n`,
      ".env.production": `CONCH_ENV=taken-from-dotenv\n`,
      "bunfig.toml": `preload = ["./evil.ts"]\n`,
      "evil.ts": `require("node:fs").writeFileSync(${JSON.stringify(marker)}, "");\n`,
      "tsconfig.json": `{"compilerOptions":{"paths":{"*":["./evil.ts"]}}}\n`,
      "package.json": `{"name":"x","imports":{"#x":"./evil.ts"}}\n`,
      ".conch.json": `not a config`,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(repository, name), text);
  });

  test("conch", async () => {
    const child = Bun.spawn([conch, "user", "tokens", "--token", TOKEN, "--url", server.url.href], {
      cwd: repository,
      env: { ...env, CONCH_ENV: "development" },
      stderr: "pipe",
    });
    const plain = Bun.spawn([conch, "user", "tokens", "--token", TOKEN], {
      cwd: repository,
      env,
      stderr: "pipe",
    });
    const texts = [child, plain].map((process) => new Response(process.stderr).text());
    await Promise.all([child.exited, plain.exited]);
    expect((await Promise.all(texts)).join("")).not.toContain("taken-from-dotenv");
    expect(await Bun.file(marker).exists()).toBe(false);
  });

  test("conchd", async () => {
    const child = Bun.spawn(
      [join(await testBinaries(), "conchd"), "serve", "--database", "sqlite:/nowhere/x.db"],
      { cwd: repository, env, stderr: "pipe" },
    );
    const stderr = await new Response(child.stderr).text();
    expect(stderr).toContain("/nowhere/x.db");
    // What .env spoils.
    expect(stderr).not.toContain("--listen");
    await child.exited;
    expect(await Bun.file(marker).exists()).toBe(false);
  });

  if (!canTrace()) {
    console.error("\nNOT TESTED: which files conch opens; .ci/run installs strace for it\n");
    return;
  }
  test("conch opens no file there at all", async () => {
    const tracePath = join(FOLDER, "system-calls.log");
    for (const line of [["profile", "list"], ["user", "tokens"], ["version"], ["--version"]]) {
      const child = Bun.spawn(traced([conch, ...line], tracePath), {
        cwd: repository,
        env: { ...env, CONCH_TOKEN: TOKEN, CONCH_ENV: "development", CONCH_URL: server.url.href },
        stdout: "ignore",
        stderr: "ignore",
      });
      await child.exited;
      const { started, opened } = readTrace(tracePath);
      expect(started.length).toBe(1);
      const here = opened.filter(({ path }) => resolve(repository, path).startsWith(repository));
      expect([line, here]).toEqual([line, []]);
    }
  });
});

/** What DISABLE_API_TOKEN_CRUD takes away: operations, options and texts. */
const TOKEN_CHANGES = [
  "createMyToken",
  "removeMyToken",
  "removeUserToken",
  "revokeMine",
  "revokeUser",
  "deactivateUser",
  "purgeTokens",
  "revokeTokens",
  "revoke-tokens",
  "user token create",
  "user token rm",
  "profile upgrade",
  "--revoke",
  "Make an API token",
  "Remove an API token",
];
const REMOVED_COMMANDS = [
  "user token create x",
  "user token rm x",
  "user token remove x",
  "user token delete x",
  "user token del x",
  "profile upgrade",
  "profile upgrade --force",
  "profile delete x --revoke",
  "profile revoke-tokens --all --force",
  "profile revoke-tokens --tokens-only --force",
  "profile change-password --password violet-anchor-ninety --purge-tokens",
  "admin user a@example.com token rm x",
  "admin user a@example.com revoke --all --force",
  "admin user a@example.com delete --force",
  "admin user a@example.com reset --revoke-tokens",
  "api post /user/me/token {}",
  "api delete /user/me/token/x",
  "api get /user/me/token/x?_method=DELETE",
];

describe("pitfall 22: DISABLE_API_TOKEN_CRUD", () => {
  test("what it removes is in a build without it, so that the search means something", async () => {
    const { text: bundle } = await buildBundle("conch", NO_FLAGS);
    expect(TOKEN_CHANGES.filter((text) => !bundle.includes(text))).toEqual([]);
  });

  test("options, texts and operations are gone from the bundle and the binary", async () => {
    const { text: bundle } = await buildBundle("conch", AUTOMATION);
    expect(TOKEN_CHANGES.filter((text) => bundle.includes(text))).toEqual([]);
    const binary = readFileSync(automation);
    expect(TOKEN_CHANGES.filter((text) => binary.includes(text))).toEqual([]);
  });

  test.each(REMOVED_COMMANDS)("%s: usage error, nothing sent", async (line) => {
    const before = requests;
    const { exitCode, stdout, stderr } = await run(automation, line.split(" "));
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).not.toBe("");
    expect(requests).toBe(before);
  });

  test.each(["user tokens", "user token get x", "api get /user/me/token"])(
    "%s stays",
    async (line) => {
      const before = requests;
      const { exitCode } = await run(automation, line.split(" "));
      expect(exitCode).toBe(6);
      expect(requests).toBeGreaterThan(before);
    },
  );
});

describe("DISABLE_ADMIN_FUNCTIONS", () => {
  test("no admin command, nothing sent", async () => {
    const before = requests;
    for (const line of ["admin users", "admin user a@example.com get", "admin"]) {
      expect((await run(withoutAdmin, line.split(" "))).exitCode).toBe(2);
    }
    expect(requests).toBe(before);
    expect((await run(withoutAdmin, ["--help"])).stdout).not.toContain("admin");
  });

  test("operations are gone from the bundle", async () => {
    const { text: bundle } = await buildBundle("conch", WITHOUT_ADMIN);
    const operations = ["listUsers", "createUser", "resetPassword", "removeUserToken", "promote"];
    expect(operations.filter((text) => bundle.includes(text))).toEqual([]);
  });
});

describe("conch version", () => {
  async function flagsOf(binary: string): Promise<Record<string, unknown>> {
    const { stdout } = await run(binary, ["version", "--json"], {
      CONCH_URL: "http://127.0.0.1:1",
    });
    return (JSON.parse(stdout) as { build: Record<string, unknown> }).build;
  }
  test("lists the flags of the build, never the key", async () => {
    expect(await flagsOf(conch)).toEqual({
      DISABLE_API_TOKEN_CRUD: "off",
      DISABLE_ADMIN_FUNCTIONS: "off",
      DISABLE_API_VERSION_CHECK: "off",
      TOKEN_OBFUSCATION_KEY: "default",
      CONCH_PRODUCTION_URL: null,
      CONCH_STAGING_URL: null,
    });
    expect(await flagsOf(automation)).toMatchObject({
      DISABLE_API_TOKEN_CRUD: "on",
      TOKEN_OBFUSCATION_KEY: "set",
    });
    expect(await flagsOf(withoutAdmin)).toMatchObject({
      DISABLE_ADMIN_FUNCTIONS: "on",
      DISABLE_API_VERSION_CHECK: "on",
      CONCH_PRODUCTION_URL: "https://conch.example.com/api",
      CONCH_STAGING_URL: "https://staging.example.com",
    });
  });
});

describe("a config of the Go client", () => {
  const GO_CONFIG = readFileSync(
    join(import.meta.dir, "../../packages/cli/test/fixtures/go-config.json"),
    "utf8",
  );

  test("is used without logging in again by a build with its key, and kept by any other", async () => {
    const credentials: (string | null)[] = [];
    using api = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch(request) {
        credentials.push(request.headers.get("Authorization"));
        return Response.json([], { headers: { "X-Conch-API": "2.38.0" } });
      },
    });
    const config = join(FOLDER, "go-config.json");
    const text = GO_CONFIG.replaceAll("http://127.0.0.1:45991", api.url.href);
    writeFileSync(config, text, { mode: 0o600 });
    const tokensOf = async (binary: string, profile: string) => {
      const args = ["--config", config, "--profile", profile, "user", "tokens"];
      return (await run(binary, args, { CONCH_URL: "", CONCH_ENV: "" })).exitCode;
    };
    const names = ["automation", "person", "ünïcode / name"];
    for (const name of names) expect(await tokensOf(automation, name)).toBe(0);
    expect(credentials).toEqual([
      "Bearer conch_0123456789abcdefghijklmnopqrstuvXXXXXX",
      expect.stringMatching(/^Bearer eyJ[\w-]+\.[\w-]+\.c2lnbmF0dXJlLW9mLXRoZS1leGFtcGxl$/),
      "Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
    ]);
    // Another key: the tokens are unusable, the session in the clear is not.
    credentials.length = 0;
    for (const name of names) expect(await tokensOf(conch, name)).toBe(name === "person" ? 0 : 3);
    expect(credentials).toHaveLength(1);
    expect(readFileSync(config, "utf8")).toBe(text);
  });
});
