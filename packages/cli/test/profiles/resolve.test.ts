import { readFileSync } from "node:fs";

import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";

import { explainCredential } from "../../src/profiles/explain.ts";
import type { Config, Profile } from "../../src/profiles/profile.ts";
import { resolveCredential, type ResolveInput } from "../../src/profiles/resolve.ts";

const WORK = "https://conch.example.com";
const LAB = "http://lab.example.com:5001/api";
const STAGING = "https://staging.example.com";
const BUILD = { productionUrl: WORK, stagingUrl: STAGING };
const NO_URLS = { productionUrl: null, stagingUrl: null };

function profile(name: string, apiUrl: string, active = false): Profile {
  const secret = { place: "file", form: "plain", text: `stored-${name}` } as const;
  return {
    name,
    apiUrl,
    active,
    user: "",
    credential: { kind: "token", secret, tokenName: null, expiresAtMs: null },
  };
}

function configOf(...profiles: Profile[]): Config {
  return { path: "/c", exists: true, profiles, notes: [] };
}

const CONFIG = configOf(profile("work", WORK, true), profile("lab", LAB));

function resolve(input: Partial<ResolveInput>) {
  return resolveCredential({
    flags: {},
    env: {},
    build: BUILD,
    readConfig: async () => CONFIG,
    ...input,
  });
}

/** One line that says what happens, for comparing. */
async function outcome(input: Partial<ResolveInput>): Promise<string> {
  const resolution = await resolve(input);
  if (!resolution.ok) return `exit ${resolution.error.exitCode}`;
  const { credential, destination } = resolution;
  const used = credential.kind === "profile" ? credential.profile.name : credential.source;
  return `${used} to ${destination.url}`;
}

async function notes(input: Partial<ResolveInput>): Promise<string[]> {
  const { shadowed } = await resolve(input);
  return shadowed.filter(({ isNote }) => isNote).map(({ source }) => source);
}

/** `--profile lab CONCH_TOKEN=T` as the settings that they are. */
function parseSettings(text: string): Pick<ResolveInput, "flags" | "env"> {
  const flags: Record<string, string> = {};
  const env: Record<string, string> = {};
  for (const [, flag, flagValue = "", name, value = ""] of text.matchAll(
    /--([a-z-]+) (\S+)|(CONCH_[A-Z_]+)=(\S*)/g,
  )) {
    if (flag !== undefined) flags[flag === "token-file" ? "tokenFile" : flag] = flagValue;
    if (name !== undefined) env[name] = value;
  }
  return { flags, env };
}

describe("docs/credentials.md", () => {
  const page = readFileSync(new URL("../../../../docs/credentials.md", import.meta.url), "utf8");
  const rows = Array.from(
    page.matchAll(/^\| (.+?) +\| (.+?) +\| (.*?) *\|$/gm),
    ([, given = "", happens = "", told = ""]) => ({
      given: given.replaceAll("`", ""),
      happens: happens.replaceAll("`", ""),
      told: told.replaceAll("`", ""),
    }),
  ).filter(({ happens }) => /^(?:exit \d|\S+ to http)/.test(happens));

  test("has the decision table", () => {
    expect(rows.length).toBeGreaterThan(25);
  });

  test.each(rows.map((row) => [row.given, row] as const))("%s", async (given, row) => {
    const settings = parseSettings(given);
    expect(await outcome(settings)).toBe(row.happens);
    expect((await notes(settings)).join(", ")).toBe(row.told);
  });
});

describe("the credential", () => {
  test("pitfall 1: CONCH_TOKEN and --token are used, with and without an active profile", async () => {
    for (const readConfig of [async () => CONFIG, async () => configOf()]) {
      expect(await outcome({ env: { CONCH_TOKEN: "T" }, readConfig })).toBe(
        `CONCH_TOKEN to ${WORK}`,
      );
      expect(await outcome({ flags: { token: "T" }, readConfig })).toBe(`--token to ${WORK}`);
    }
  });

  test("pitfall 2: a stored token goes to its own profile's URL and nowhere else", async () => {
    const env = { CONCH_ENV: "development", CONCH_URL: "https://evil.example.com" };
    const resolution = await resolve({ flags: { profile: "work" }, env });
    expect(resolution).toMatchObject({ ok: false, error: { exitCode: 2 } });
    expect(await outcome({ env })).toBe("exit 2");
    expect(await outcome({ flags: { profile: "work" }, env: { ...env, CONCH_TOKEN: "T" } })).toBe(
      "exit 2",
    );
    expect(await outcome({ flags: { url: "https://evil.example.com" } })).toBe("exit 2");
  });

  test("pitfall 3: an unknown environment is an error, not production", async () => {
    for (const name of ["dev", "prod", "Production", "constructor", " production"]) {
      const resolution = await resolve({ env: { CONCH_ENV: name } });
      expect(resolution).toMatchObject({ ok: false, error: { code: "usage", exitCode: 2 } });
      expect(await outcome({ flags: { environment: name } })).toBe("exit 2");
      expect(await outcome({ flags: { environment: name }, env: { CONCH_TOKEN: "T" } })).toBe(
        "exit 2",
      );
    }
    expect(await resolve({ env: { CONCH_ENV: "dev" } })).toMatchObject({
      error: { hint: expect.stringContaining("Did you mean development?") },
    });
  });

  test("pitfall 19: the path in a base URL belongs to it", async () => {
    expect(await outcome({ flags: { profile: "lab" } })).toBe(`lab to ${LAB}`);
    expect(await outcome({ flags: { profile: "lab", url: `${LAB}/` } })).toBe(`lab to ${LAB}`);
    expect(
      await outcome({ flags: { profile: "lab", url: "HTTP://LAB.example.com:5001/api" } }),
    ).toBe(`lab to ${LAB}`);
    for (const url of [
      "http://lab.example.com:5001",
      `${LAB}/v2`,
      `${LAB}%2f`,
      `${LAB}/../other`,
    ]) {
      expect(await outcome({ flags: { profile: "lab", url } })).toBe("exit 2");
    }
    expect(await outcome({ flags: { token: "T", url: `${LAB}/v1` } })).toBe(`--token to ${LAB}/v1`);
  });

  test("pitfall 26: two shells choose for themselves with CONCH_PROFILE", async () => {
    expect(await outcome({ env: { CONCH_PROFILE: "lab" } })).toBe(`lab to ${LAB}`);
    expect(await outcome({ env: { CONCH_PROFILE: "work" } })).toBe(`work to ${WORK}`);
  });

  test("pitfall 18: with none active, or several, none is chosen silently", async () => {
    const none = configOf(profile("a", WORK), profile("b", LAB));
    expect(await resolve({ readConfig: async () => none })).toMatchObject({
      error: { exitCode: 3, hint: expect.stringContaining("a, b") },
    });
    const two = configOf(profile("a", WORK, true), profile("b", LAB, true));
    expect(await resolve({ readConfig: async () => two })).toMatchObject({
      error: { exitCode: 3, message: expect.stringContaining("2 profiles are marked as active") },
    });
    expect(await outcome({ readConfig: async () => configOf() })).toBe("exit 3");
  });

  test("a token from a flag or a variable needs no config file, not even a readable one", async () => {
    const readConfig = async () => {
      throw new Error("was read");
    };
    expect(await outcome({ env: { CONCH_TOKEN: "T" }, readConfig })).toBe(`CONCH_TOKEN to ${WORK}`);
    expect(await outcome({ flags: { tokenFile: "f" }, readConfig })).toBe(
      `--token-file to ${WORK}`,
    );
    expect(await outcome({ env: { CONCH_TOKEN: "" }, readConfig })).toBe("exit 2");
  });

  test("the default build has no production URL, says so and how to go on", async () => {
    const resolution = await resolve({ env: { CONCH_TOKEN: "T" }, build: NO_URLS });
    expect(resolution).toMatchObject({
      ok: false,
      error: {
        exitCode: 2,
        message:
          "this build has no URL for production, which is the environment here (the default)",
        hint: expect.stringContaining("CONCH_ENV=development with CONCH_URL"),
      },
    });
    expect(await outcome({ build: NO_URLS })).toBe(`work to ${WORK}`);
    expect(await outcome({ build: NO_URLS, env: { CONCH_ENV: "production" } })).toBe("exit 2");
  });

  test("URLs that are none, or hold a secret, are refused and not repeated", async () => {
    for (const url of [
      "",
      "conch.example.com",
      "ftp://conch.example.com",
      "https://u:hunter2@conch.example.com",
      "https://conch.example.com/?hunter2",
      "https://conch.example.com/#hunter2",
      "https://conch.example.com\\hunter2",
      "https://conch.exa\tmple.com",
      "https://",
    ]) {
      const resolution = await resolve({ flags: { token: "T", url } });
      expect(resolution).toMatchObject({ ok: false, error: { exitCode: 2 } });
      expect(resolution.ok ? "" : resolution.error.message).not.toContain("hunter2");
    }
  });

  test("a profile whose URL is none is unusable, and only that one", async () => {
    const config = configOf(profile("broken", "example.com", true), profile("work", WORK));
    expect(await outcome({ readConfig: async () => config })).toBe("exit 3");
    expect(await outcome({ readConfig: async () => config, flags: { profile: "work" } })).toBe(
      `work to ${WORK}`,
    );
  });

  test("explain adds what the config file would have said", async () => {
    const input = {
      flags: {},
      env: { CONCH_TOKEN: "T" },
      build: BUILD,
      readConfig: async () => CONFIG,
    };
    const explanation = await explainCredential(input);
    expect(explanation.shadowed).toEqual([
      {
        source: `the active profile "work" (${WORK})`,
        why: "CONCH_TOKEN goes first",
        isNote: false,
      },
    ]);
    expect(explanation.absent).toContain("--profile");
    expect(explanation.absent).not.toContain("CONCH_TOKEN");
  });
});

const SECRET = "conch_never_shown";
const urls = fc.constantFrom(
  undefined,
  undefined,
  "",
  WORK,
  `${WORK}:443/`,
  `${WORK}:8443`,
  LAB,
  `${LAB}/`,
  "http://lab.example.com:5001/API",
  "http://lab.example.com:5001",
  "https://lab.example.com:5001/api",
  STAGING,
  "http://evil.example.com",
  `https://${SECRET}@conch.example.com`,
);
const environments = fc.constantFrom(
  undefined,
  undefined,
  "production",
  "staging",
  "development",
  "dev",
  "",
);
const tokens = fc.constantFrom(undefined, undefined, SECRET, "");
const names = fc.constantFrom(undefined, undefined, "work", "lab", "other", "");
const files = fc.constantFrom(undefined, undefined, undefined, "token.txt");
const inputs = fc.record({
  flags: fc.record({
    profile: names,
    token: tokens,
    tokenFile: files,
    environment: environments,
    url: urls,
  }),
  env: fc.record({
    CONCH_TOKEN: tokens,
    CONCH_TOKEN_FILE: files,
    CONCH_PROFILE: names,
    CONCH_ENV: environments,
    CONCH_URL: urls,
  }),
  build: fc.constantFrom(BUILD, NO_URLS, { ...BUILD, stagingUrl: null }),
  config: fc.constantFrom(CONFIG, configOf(), configOf(profile("lab", `${LAB}/`, true))),
});

function sameBase(a: string, b: string): boolean {
  const [left, right] = [new URL(a), new URL(b)];
  const path = (url: URL) => url.pathname.replace(/\/$/, "");
  return left.origin === right.origin && path(left) === path(right);
}

describe("all combinations", () => {
  test("invariants of the choice", async () => {
    await fc.assert(
      fc.asyncProperty(inputs, async ({ config, ...input }) => {
        let reads = 0;
        const readConfig = async () => {
          reads += 1;
          return config;
        };
        const { flags, env, build } = input;
        const resolution = await resolveCredential({ ...input, readConfig });

        // No secret in anything that is printed.
        const { error } = resolution.ok ? { error: null } : resolution;
        const shown = [error?.message, error?.hint, ...resolution.shadowed.map(({ why }) => why)];
        expect(shown.join("\n")).not.toContain(SECRET);
        if (!resolution.ok) {
          expect([2, 3, 5]).toContain(resolution.error.exitCode);
          return;
        }
        const { credential, destination } = resolution;

        // A stored secret goes to its own profile's place; flags and variables did not say otherwise.
        if (credential.kind === "profile") {
          expect(sameBase(destination.url, credential.profile.apiUrl)).toBe(true);
          if (flags.url !== undefined) expect(sameBase(flags.url, destination.url)).toBe(true);
          if (flags.environment) expect(destination.environment).toBe(flags.environment as never);
        } else {
          // A given one goes only where flags, variables or the build say; the file is not read.
          expect(reads).toBe(0);
          const environment = flags.environment ?? (env.CONCH_ENV || "production");
          const place =
            flags.url ??
            (environment === "development"
              ? env.CONCH_URL
              : environment === "staging"
                ? build.stagingUrl
                : build.productionUrl);
          expect(sameBase(destination.url, place ?? "")).toBe(true);
        }

        // Flags beat variables, variables beat the file; --profile beats CONCH_TOKEN.
        const expected =
          flags.token !== undefined
            ? "--token"
            : flags.tokenFile !== undefined
              ? "--token-file"
              : flags.profile !== undefined
                ? "--profile"
                : env.CONCH_TOKEN !== undefined
                  ? "CONCH_TOKEN"
                  : env.CONCH_TOKEN_FILE !== undefined
                    ? "CONCH_TOKEN_FILE"
                    : env.CONCH_PROFILE !== undefined
                      ? "CONCH_PROFILE"
                      : "the active profile";
        expect(credential.source).toBe(expected);

        // What was given is used, confirmed, or listed as shadowed.
        const accounted = new Set<string>([
          credential.source,
          destination.urlSource,
          destination.environmentSource,
          ...resolution.shadowed.map(({ source }) => source),
        ]);
        for (const name of ["CONCH_TOKEN", "CONCH_TOKEN_FILE", "CONCH_PROFILE"] as const) {
          if (env[name] !== undefined) expect(accounted).toContain(name);
        }
        if (env.CONCH_URL && !accounted.has("CONCH_URL")) {
          expect(sameBase(env.CONCH_URL, destination.url)).toBe(true);
        }
        if (env.CONCH_ENV && !accounted.has("CONCH_ENV")) {
          expect(destination.environment).toBe(env.CONCH_ENV as never);
        }
      }),
      { numRuns: 5_000 },
    );
  });
});
