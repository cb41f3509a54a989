import { describe, expect, test } from "bun:test";
import { readBuildFlags } from "../build-flags.ts";

describe("switches", () => {
  for (const name of [
    "DISABLE_API_TOKEN_CRUD",
    "DISABLE_ADMIN_FUNCTIONS",
    "DISABLE_API_VERSION_CHECK",
  ]) {
    test.each([undefined, "", "0", "false"])(`${name}=%s is off`, (value) => {
      expect(readBuildFlags({ [name]: value }).features).toEqual([]);
    });
    test.each(["1", "true"])(`${name}=%s is on`, (value) => {
      expect(readBuildFlags({ [name]: value }).features).toEqual([name]);
    });
    test.each(["yes", "TRUE", "on", "2", " ", "1 ", "01", "no"])(
      `${name}=%s fails and names the flag`,
      (value) => {
        expect(() => readBuildFlags({ [name]: value })).toThrow(name);
      },
    );
  }
});

describe("URLs", () => {
  for (const name of ["CONCH_PRODUCTION_URL", "CONCH_STAGING_URL"]) {
    const defined = name.replace("CONCH_", "CONCH_BUILD_");
    test.each([
      ["https://conch.example.com", "https://conch.example.com"],
      ["https://conch.example.com/", "https://conch.example.com"],
      ["https://example.com:8443/api/v1/", "https://example.com:8443/api/v1"],
    ])(`${name}=%s`, (value, url) => {
      expect(readBuildFlags({ [name]: value }).define[defined]).toBe(JSON.stringify(url));
    });
    test.each([undefined, ""])(`${name}=%s: none is built in`, (value) => {
      expect(readBuildFlags({ [name]: value }).define).toEqual({});
    });
    test.each([
      "conch.example.com",
      "ftp://example.com",
      "https://",
      "https://user:secret@example.com",
      "https://example.com/?a=b",
      "https://example.com/#top",
      "https://example.com/?",
    ])(`${name}=%s fails and names the flag`, (value) => {
      expect(() => readBuildFlags({ [name]: value })).toThrow(name);
    });
    test(`${name} over http is built with a warning`, () => {
      const { warnings } = readBuildFlags({ [name]: "http://localhost:1/", ...KEY });
      expect(warnings).toEqual([expect.stringContaining(name)]);
    });
  }
  test("an error does not repeat a password", () => {
    const build = () => readBuildFlags({ CONCH_STAGING_URL: "https://u:hunter2@h" });
    expect(build).toThrow(/^(?!.*hunter2)/);
    expect(build).not.toThrow(/hunter2/);
  });
});

const KEY = { TOKEN_OBFUSCATION_KEY: "a key of our own" };

describe("TOKEN_OBFUSCATION_KEY", () => {
  test.each([undefined, ""])("%s: the default key, with a warning", (value) => {
    const { define, warnings } = readBuildFlags({ TOKEN_OBFUSCATION_KEY: value });
    expect(define).toEqual({});
    expect(warnings).toEqual([expect.stringContaining("TOKEN_OBFUSCATION_KEY")]);
  });
  test("any text is taken as it is", () => {
    const key = ' "quoted" \\ 0 ☃ ';
    const { define, warnings } = readBuildFlags({ TOKEN_OBFUSCATION_KEY: key });
    expect(define).toEqual({ CONCH_BUILD_OBFUSCATION_KEY: JSON.stringify(key) });
    expect(warnings).toEqual([]);
  });
});

describe("a misspelt flag", () => {
  test.each([
    ["DISABLE_API_TOKENS_CRUD", "DISABLE_API_TOKEN_CRUD"],
    ["DISABLE_ADMIN_FUNCTION", "DISABLE_ADMIN_FUNCTIONS"],
    ["disable_admin_functions", "DISABLE_ADMIN_FUNCTIONS"],
    ["TOKEN_OBFUSCATION_KEYS", "TOKEN_OBFUSCATION_KEY"],
  ])("%s fails and names %s", (misspelt, meant) => {
    expect(() => readBuildFlags({ [misspelt]: "1" })).toThrow(meant);
  });
  test("what other tools use is left alone", () => {
    const env = { DISABLE_TELEMETRY: "yes", CONCH_URL: "x", CONCH_TOKEN: "x", ...KEY };
    expect(readBuildFlags(env)).toEqual({ ...readBuildFlags(KEY) });
  });
});
