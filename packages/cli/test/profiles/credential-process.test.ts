import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "bun:test";

import { splitCommand } from "../../src/profiles/split-command.ts";
import { createTestConfig, failureOf } from "./setup.ts";

/** A config whose profile `p` runs a shell script, which counts its runs. */
function createScriptConfig(script: string, options: Parameters<typeof createTestConfig>[0] = {}) {
  const config = createTestConfig(options);
  const program = join(config.directory, "print token");
  const counter = join(config.directory, "runs");
  writeFileSync(program, `#!/bin/sh\necho run >> '${counter}'\n${script}\n`);
  chmodSync(program, 0o700);
  const profile = { name: "p", api_url: "https://a", credential_process: [program, "an argument"] };
  writeFileSync(config.path, JSON.stringify({ profiles: { p: profile } }), { mode: 0o600 });
  return {
    ...config,
    program,
    open: async () => config.secrets.open(await config.find("p")),
    runs: () => (existsSync(counter) ? readFileSync(counter, "utf8").split("\n").length - 1 : 0),
    edit: (text: (before: string) => string) => writeFileSync(config.path, text(config.text())),
  };
}

const LATER = "2999-01-01T00:00:00Z";

describe("credential_process", () => {
  test("prints a token on a line: used, and not kept", async () => {
    using config = createScriptConfig('echo "conch_from-$1-$#" | tr " " _');
    const before = config.text();
    expect(await config.open()).toBe("conch_from-an_argument-1");
    expect(await config.open()).toBe("conch_from-an_argument-1");
    expect(config.runs()).toBe(2);
    expect(config.text()).toBe(before);
  });

  test("states how long its token lives: kept so long, obfuscated", async () => {
    let nowMs = Date.parse("2030-01-01T00:00:00Z");
    const clock = { nowMs: () => nowMs, sleep: Bun.sleep };
    using config = createScriptConfig(
      `echo '{"token": "conch_secret", "expires": "2030-01-01T01:00:00Z"}'`,
      { profiles: { clock } },
    );
    expect(await config.open()).toBe("conch_secret");
    expect(config.text()).not.toContain("conch_secret");
    nowMs += 3_589_000;
    expect(await config.open()).toBe("conch_secret");
    expect(config.runs()).toBe(1);
    nowMs += 2_000;
    await config.open();
    expect(config.runs()).toBe(2);
  });

  test("what was kept is void for another command, with another key, or when forgotten", async () => {
    using config = createScriptConfig(`echo '{"token": "conch_kept", "expires": "${LATER}"}'`);
    await config.open();
    config.edit((text) => text.replace("an argument", "another"));
    await config.open();
    expect(config.runs()).toBe(2);
    const other = config.build("another key");
    expect(await other.secrets.open(await other.find("p"))).toBe("conch_kept");
    expect(config.runs()).toBe(3);
    await other.store.update((draft) => draft.forgetProcessToken("p"));
    await config.open();
    expect(config.runs()).toBe(4);
  });

  test("a config that cannot be written is no obstacle: a note, and the token", async () => {
    using config = createScriptConfig(`echo '{"token": "conch_x", "expires": "${LATER}"}'`, {
      files: (real) => ({
        ...real,
        createSynced: () => {
          throw Object.assign(new Error("injected"), { code: "EROFS" });
        },
      }),
    });
    expect(await config.open()).toBe("conch_x");
    expect(config.notes).toEqual([expect.stringContaining("could not be cached")]);
  });

  test.each([
    ["exit 3", "ended with exit code 3"],
    ["true", "printed nothing"],
    ["echo; echo ' '", "printed nothing"],
    ["echo 'secret-a b'", "printed something else than one token"],
    ["echo secret-a; echo secret-b", "printed something else than one token"],
    ["echo 'secret-ü'", "printed something else than one token"],
    ["echo '{secret'", "printed something that begins like JSON and is none"],
    ["echo '{}'", 'printed JSON without a usable "token"'],
    [`printf %s '{"token": "a\\nb"}'`, 'printed JSON without a usable "token"'],
    [`echo '{"token": "secret", "expires": "soon"}'`, 'whose "expires" is no time (RFC 3339)'],
    [`echo '{"token": "secret", "expires": 5}'`, 'whose "expires" is no time (RFC 3339)'],
    [`echo '{"token": "secret", "expires": "2001-01-01T00:00:00Z"}'`, "has expired already"],
    ["head -c 100000 /dev/zero", "printed more than 64 KiB"],
    ["kill -9 $$", "was killed by SIGKILL"],
  ])("%s: %s", async (script, why) => {
    using config = createScriptConfig(script);
    const failure = await failureOf(config.open());
    expect(failure).toMatchObject({ code: "credential_process_failed", exitCode: 3 });
    expect(failure.message).toContain(why);
    expect(failure.message).toContain('the profile "p"');
    expect(failure.message + failure.hint).not.toContain("secret");
  });

  test("a program that is not there", async () => {
    using config = createScriptConfig("");
    config.edit((text) => text.replace("print token", "nothing"));
    expect((await failureOf(config.open())).message).toContain(
      "could not be started: there is no such file or directory (ENOENT)",
    );
  });

  test("one that runs conch with its own profile is told so", async () => {
    using config = createScriptConfig('test -n "$CONCH_CREDENTIAL_PROCESS" && echo yes');
    expect(await config.open()).toBe("yes");
    const nested = createScriptConfig("echo x", {
      profiles: { env: { CONCH_CREDENTIAL_PROCESS: "p" } },
    });
    using _ = nested;
    expect((await failureOf(nested.open())).message).toContain("without end");
    expect(nested.runs()).toBe(0);
  });
});

test("pitfall 25: no secret is in the arguments of the command", async () => {
  using config = createScriptConfig(
    `tr '\\0' ' ' < /proc/$$/cmdline > "$0.cmdline"; echo '{"token": "conch_s", "expires": "${LATER}"}'`,
  );
  await config.open();
  await config.open();
  expect(readFileSync(`${config.program}.cmdline`, "utf8")).not.toContain("conch_s");
});

test("commands are split as a shell would, and nothing else is done to them", () => {
  expect(splitCommand(`  a "b c" 'd "e' f\\ g h"i"'j' "" "\\"\\$x" '\\' $HOME *.ts | b`)).toEqual([
    "a",
    "b c",
    'd "e',
    "f g",
    "hij",
    "",
    '"$x',
    "\\",
    "$HOME",
    "*.ts",
    "|",
    "b",
  ]);
  expect(splitCommand("")).toEqual([]);
  for (const open of [`a "b`, `a 'b`, "a\\"]) expect(splitCommand(open)).toBeNull();
});
