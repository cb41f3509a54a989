import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "bun:test";

import { createTestConfig, failureOf, GO_CONFIG } from "./setup.ts";

describe("pitfall 25: a token need not be in argv", () => {
  test("it may come from a file, with white space around it", async () => {
    using config = createTestConfig();
    const path = join(config.directory, "token");
    for (const text of ["conch_x", "conch_x\n", " conch_x\r\n\n", "\ufeffconch_x"]) {
      writeFileSync(path, text);
      expect(await config.secrets.openDirect({ from: "file", path }, "--token-file")).toBe(
        "conch_x",
      );
    }
  });

  test("it may come from stdin", async () => {
    using config = createTestConfig({
      profiles: { readStdinLine: () => Promise.resolve("conch_x") },
    });
    expect(await config.secrets.openDirect({ from: "stdin" }, "--token")).toBe("conch_x");
  });

  test("what is no token is a usage error that does not repeat it", async () => {
    using config = createTestConfig({ profiles: { readStdinLine: () => Promise.resolve("") } });
    const path = join(config.directory, "token");
    for (const text of ["", " \n", "secret one\nsecret two", "secret\u0000", "secret-ü"]) {
      writeFileSync(path, text);
      const failure = await failureOf(
        config.secrets.openDirect({ from: "file", path }, "CONCH_TOKEN_FILE"),
      );
      expect(failure).toMatchObject({ code: "usage", exitCode: 2 });
      expect(failure.message).toStartWith("CONCH_TOKEN_FILE gave ");
      expect(failure.message).not.toContain("secret");
    }
    const empty = await failureOf(config.secrets.openDirect({ from: "stdin" }, "--token"));
    expect(empty).toMatchObject({ exitCode: 2, message: "--token gave no token" });
  });

  test("a file that is not there, or has no end", async () => {
    using config = createTestConfig();
    const open = (path: string) =>
      failureOf(config.secrets.openDirect({ from: "file", path }, "--token-file"));
    expect((await open("/nowhere/token")).message).toBe(
      "--token-file: cannot read /nowhere/token: there is no such file or directory (ENOENT)",
    );
    expect((await open("/dev/zero")).exitCode).toBe(2);
    expect((await open(config.directory)).message).toContain("it is a directory (EISDIR)");
  });
});

describe("pitfall 4: before something is made on a server", () => {
  test("a config that can be written passes, and is left as it was", async () => {
    for (const text of [GO_CONFIG, undefined]) {
      using config = createTestConfig(text === undefined ? {} : { text });
      await config.store.checkWritable("file");
      expect((await config.store.read()).exists).toBe(text !== undefined);
      if (text !== undefined) expect(config.text()).toBe(text);
    }
  });

  test("one that cannot is an error: full disk, broken file, no key chain", async () => {
    using full = createTestConfig({
      text: GO_CONFIG,
      files: (real) => ({
        ...real,
        createSynced: () => {
          throw Object.assign(new Error("injected"), { code: "ENOSPC" });
        },
      }),
    });
    expect((await failureOf(full.store.checkWritable("file"))).code).toBe("config_not_written");
    expect((await failureOf(full.store.checkWritable("keychain"))).code).toBe(
      "keychain_unavailable",
    );
    using broken = createTestConfig({ text: "{" });
    expect((await failureOf(broken.store.checkWritable("file"))).code).toBe("config_invalid");
  });
});

test("a profile without a credential says how to get one, in words that can be pasted", async () => {
  using config = createTestConfig({ text: `{"profiles": {"it's": {}, "b": {}}}` });
  const failure = await failureOf(config.secrets.open(await config.find("it's")));
  expect(failure).toMatchObject({ code: "no_credential", exitCode: 3 });
  expect(failure.hint).toContain("`conch --profile 'it'\\''s' profile relogin`");
  expect((await failureOf(config.secrets.open(await config.find("b")))).hint).toContain(
    "`conch --profile b profile set token -`",
  );
});
