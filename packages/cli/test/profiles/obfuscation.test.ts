import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";

import { createObfuscator } from "../../src/profiles/obfuscation.ts";
import { sha256 } from "./sha256.ts";
import { createTestConfig, failureOf, GO_CONFIG, GO_KEY } from "./setup.ts";

const TOKEN = "conch_0123456789abcdefghijklmnopqrstuvXXXXXX";

/** Written by us, once: a change of the format would leave these behind. */
const VECTORS = [
  {
    key: GO_KEY,
    text: "4Icqj2Wf0pbeR3C2cIJ09tl4l35DJvTfcp8H4C1Slono3RGW4n9YH5zHLNoGH3XpvTj6zcHGP8PjNDOgUmnFVar_4jqYEiUh",
    secret: TOKEN,
  },
  {
    key: GO_KEY,
    text: "fqdTg_-GxjlHso_jr39Gu6qRWBbb1EhvWyW5xA9oDfdr1FMWqGevKwE_kEI8zh86AVS3eXLmj9Bs",
    secret: "eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
  },
  {
    key: "schlüssel",
    text: "cPGN778iMiw_LRO2Tm8HIn-XpTd_ME7o7lPVU428IWV11mckAGXK9Js9mZf8j9U",
    secret: "conch_ünïcode ✓",
  },
  { key: "", text: "Mi5x2QLwReyNTk8_UcHw8ZlM6GOPodyjYvZZfA", secret: "" },
];

describe("obfuscation", () => {
  test.each(VECTORS)("vector $secret", async ({ key, text, secret }) => {
    expect(await createObfuscator(key, sha256).recover(text)).toBe(secret);
    expect(await createObfuscator(`${key} `, sha256).recover(text)).toBeNull();
  });

  test("any text comes back; no two are alike; one changed character makes it unreadable", async () => {
    const obfuscator = createObfuscator("any key", sha256);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme" }), fc.nat(), async (secret, at) => {
        const text = await obfuscator.hide(secret);
        expect(text).toMatch(/^[\w-]+$/);
        expect(await obfuscator.recover(text)).toBe(secret);
        expect(await obfuscator.hide(secret)).not.toBe(text);
        const index = at % (text.length - 1);
        const other = text[index] === "A" ? "B" : "A";
        const changed = text.slice(0, index) + other + text.slice(index + 1);
        expect(await obfuscator.recover(changed)).toBeNull();
      }),
    );
  });

  test("what is no obfuscated text is null, not an exception", async () => {
    const obfuscator = createObfuscator("any key", sha256);
    for (const text of [
      "",
      "A",
      "AAAA",
      "!",
      "A+/=",
      "ü".repeat(80),
      "A".repeat(37),
      "A".repeat(200),
    ]) {
      expect(await obfuscator.recover(text)).toBeNull();
    }
  });

  test("keys have fingerprints of their own, that say nothing of the key", () => {
    expect(createObfuscator(GO_KEY, sha256).keyFingerprint).toBe("79a24615d0f51266");
    expect(createObfuscator("other", sha256).keyFingerprint).not.toBe("79a24615d0f51266");
  });

  test("the recipe in docs/config-file.md decrypts ours with nothing but node:crypto", async () => {
    const page = readFileSync(new URL("../../../../docs/config-file.md", import.meta.url), "utf8");
    const recipe = /```js\n(\/\/ recover\.mjs[\s\S]*?)```/.exec(page)?.[1] ?? "";
    expect(recipe.match(/from "(.*)"/g)).toEqual(['from "node:crypto"', 'from "node:fs"']);

    using config = createTestConfig({ text: GO_CONFIG });
    await config.store.update((draft) =>
      draft.put("ours", {
        apiUrl: "https://a",
        credential: { kind: "token", value: TOKEN, place: "file" },
      }),
    );
    const script = join(config.directory, "recover.mjs");
    writeFileSync(script, recipe);
    const { stdout, stderr } = Bun.spawnSync(["node", script, config.path, GO_KEY]);
    expect(stderr.toString()).toBe("");
    const jwt = config.json().profiles.person.session;
    expect(jwt.value).toBeString();
    expect(stdout.toString().split("\n")).toEqual([
      `automation: ${TOKEN}`,
      expect.stringMatching(/^person: eyJ[\w-]+\.[\w-]+\.[\w-]+$/),
      "ünïcode / name: eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
      `ours: ${TOKEN}`,
      "",
    ]);
  });
});

describe("a build with another key", () => {
  async function twoBuilds() {
    const config = createTestConfig({ text: GO_CONFIG });
    const other = config.build("another key");
    await other.store.update((draft) =>
      draft.put("theirs", {
        apiUrl: "https://a",
        credential: { kind: "token", value: TOKEN, place: "file" },
      }),
    );
    return { config, other };
  }

  test("says by profile what is unusable and what to do; the others go on working", async () => {
    const { config, other } = await twoBuilds();
    using _ = config;
    const unusable = async (build: typeof other) =>
      Object.fromEntries(
        await Promise.all(
          (await build.store.read()).profiles.map(async (profile) => [
            profile.name,
            (await build.secrets.whyUnusable(profile)) !== null,
          ]),
        ),
      );
    expect(await unusable(other)).toEqual({
      automation: true,
      person: false,
      "ünïcode / name": true,
      theirs: false,
    });
    expect(await unusable(config)).toEqual({
      automation: false,
      // Moved out of the clear by the other build's write, with the other build's key.
      person: true,
      "ünïcode / name": false,
      theirs: true,
    });
    expect(await config.secrets.open(await config.find("automation"))).toBe(TOKEN);
    expect(await other.secrets.open(await other.find("theirs"))).toBe(TOKEN);
  });

  test("pitfall 12: a token that cannot be decrypted is an error, exit 3, and stays as it is", async () => {
    const { config, other } = await twoBuilds();
    using _ = config;
    const failure = await failureOf(other.secrets.open(await other.find("automation")));
    expect(failure).toMatchObject({ code: "credential_unusable", exitCode: 3 });
    expect(failure.message).toContain("another obfuscation key");
    expect(failure.hint).toContain("profile set token");
    const token = (name: string) => config.json().profiles[name].token;
    const before = [token("automation"), token("ünïcode / name"), token("theirs")];
    await other.store.update((draft) => draft.activate("theirs"));
    await config.store.update((draft) => draft.activate("person"));
    expect([token("automation"), token("ünïcode / name"), token("theirs")]).toEqual(before);
    expect(await config.secrets.open(await config.find("ünïcode / name"))).toBe(
      "eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
    );
  });

  test("a damaged token is told apart from another key", async () => {
    const { config } = await twoBuilds();
    using _ = config;
    await config.store.update((draft) =>
      draft.put("mine", {
        apiUrl: "https://a",
        credential: { kind: "token", value: TOKEN, place: "file" },
      }),
    );
    const { mine } = config.json().profiles;
    writeFileSync(config.path, config.text().replace(mine.token, `${mine.token.slice(0, -2)}AA`));
    // Its key is known without opening it: only whoever needs it is told.
    expect(await config.secrets.whyUnusable(await config.find("mine"))).toBeNull();
    expect((await failureOf(config.secrets.open(await config.find("mine")))).message).toEndWith(
      "unusable with this build: it is damaged",
    );
    expect(await config.secrets.whyUnusable(await config.find("theirs"))).toContain(
      "another obfuscation key",
    );
  });
});
