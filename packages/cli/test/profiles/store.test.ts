import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "bun:test";

import { createNodeFileSystem } from "../../src/profiles/node-file-system.ts";
import type { FileSystem } from "../../src/profiles/file-system.ts";
import { createTestConfig, failureOf, GO_CONFIG } from "./setup.ts";

const TOKEN = { kind: "token", value: "conch_x", place: "file" } as const;

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}

/** What the store says of a file with that text. */
async function faultOf(text: string | Uint8Array): Promise<string> {
  using config = createTestConfig({ text });
  try {
    await config.store.read();
    return "no fault";
  } catch (error) {
    expect(error).toMatchObject({ code: "config_invalid", exitCode: 1 });
    return (error as Error).message.replace(`the config file ${config.path} is not usable: `, "");
  }
}

describe("a file that cannot be understood", () => {
  const FAULTS: [text: string, fault: string][] = [
    ["", "line 1, column 1: expected a value, found the end of the file"],
    ["{", "line 1, column 2: expected a name in quotes, found the end of the file"],
    ['{\n\t"ü": nul}', "line 2, column 7: expected a value, found `n`"],
    ['{"a": 1,}', "line 1, column 9: expected a name in quotes, found `}`"],
    ['{"a": 01}', "line 1, column 8: expected `,` or `}`, found `1`"],
    ['{"a" 1}', "line 1, column 6: expected `:`, found `1`"],
    ['{"a": [1 2]}', "line 1, column 10: expected `,` or `]`, found `2`"],
    ["{} {}", "line 1, column 4: expected the end of the file, found `{`"],
    ['{"a": "b\nc"}', "line 1, column 9: U+000A in a string; it must be escaped"],
    ['{"a": "b\0c"}', "line 1, column 9: U+0000 in a string; it must be escaped"],
    ["\0\0\0\0", "line 1, column 1: expected a value, found U+0000"],
    ['{"a": "\\x"}', "line 1, column 8: an escape that JSON does not have"],
    ['{"a": "\\u12"}', "line 1, column 8: \\u needs four hex digits"],
    ['{"a": "b', "line 1, column 7: a string that does not end"],
    ["// a", "line 1, column 1: expected a value, found `/`"],
    ['{"a": 1, "b": 2, "a": 3}', 'line 1, column 18: the name "a" for the second time'],
    ["[".repeat(100_000), "line 1, column 101: nested deeper than 100 levels"],
    ['{"a":'.repeat(100_000), "line 1, column 501: nested deeper than 100 levels"],
    ["[]", "the file: expected an object, found an array"],
    ["null", "the file: expected an object, found null"],
    ['{"profiles": []}', "profiles: expected an object, found an array"],
    ['{"profiles": {"a": null}}', "profiles.a: expected an object, found null"],
    ['{"profiles": {"a": {"token": 1}}}', "profiles.a.token: expected a string, found a number"],
    [
      '{"profiles": {"ü /": {"jwt": {"Token": {}}}}}',
      'profiles["ü /"].jwt.Token: expected a string, found an object',
    ],
    [
      '{"profiles": {"a": {"jwt": false}}}',
      "profiles.a.jwt: expected an object, found true or false",
    ],
    [
      '{"profiles": {"a": {"active": "yes"}}}',
      "profiles.a.active: expected true or false, found a string",
    ],
    [
      '{"profiles": {"a": {"session": {"expires": "soon"}}}}',
      "profiles.a.session.expires: expected a time such as 2031-01-01T00:00:00Z, found a string",
    ],
    [
      '{"profiles": {"a": {"expires": 1e999}}}',
      "profiles.a.expires: expected a time, found a number",
    ],
    [
      // Found by fuzzing: no date is as late, and hiding the session needs one.
      '{"profiles": {"a": {"jwt": "a.b.c", "expires": 8640000000000001}}}',
      "profiles.a.expires: expected a time, found a number",
    ],
    [
      '{"profiles": {"a": {"credential_process": ["x", 1]}}}',
      "profiles.a.credential_process[1]: expected a string, found a number",
    ],
    [
      `{"profiles": {"a": {"credential_process": "x 'y"}}}`,
      "profiles.a.credential_process: expected a command whose quotes all end, found a string",
    ],
  ];
  test.each(FAULTS.map(([text, fault]) => [fault, text] as const))("%s", async (fault, text) => {
    expect(await faultOf(text)).toBe(fault);
  });

  test("bytes that are not UTF-8, UTF-16, and too large a file", async () => {
    expect(await faultOf(Buffer.from('{\n"ü": "\xff"}', "latin1"))).toBe(
      "line 2, column 2: bytes that are not UTF-8",
    );
    expect(await faultOf(Buffer.concat([Buffer.from('{"ü": "x'), Buffer.of(0xe2, 0x82)]))).toBe(
      "line 1, column 9: bytes that are not UTF-8",
    );
    expect(await faultOf(Buffer.from("\ufeff{}", "utf16le"))).toContain("UTF-16; save it as UTF-8");
    expect(await faultOf(Buffer.alloc(16 * 1024 * 1024 + 1, " "))).toBe("it is larger than 16 MiB");
  });

  test("a byte order mark is no fault", async () => {
    expect(await faultOf(`\ufeff${GO_CONFIG}`)).toBe("no fault");
  });

  test("pitfall 12: is never overwritten, by no change", async () => {
    for (const text of ["", "{", '{"profiles": []}', '{"profiles": {"a": {}, "a": {}}}']) {
      using config = createTestConfig({ text });
      const write = await failureOf(
        config.store.update((draft) => draft.put("x", { credential: TOKEN })),
      );
      expect(write).toMatchObject({ code: "config_invalid" });
      expect(config.text()).toBe(text);
      expect(readdirSync(config.directory).sort()).toEqual(["conch.json", "conch.json.lock"]);
    }
  });

  test("pitfall 12: a file that cannot be read is an error, not an empty config", async () => {
    const unreadable = (real: FileSystem): FileSystem => ({
      ...real,
      read() {
        throw systemError("EACCES");
      },
    });
    using config = createTestConfig({ text: GO_CONFIG, files: unreadable });
    expect((await failureOf(config.store.read())).message).toMatch(
      /cannot read the config file .*: permission denied/,
    );
    const write = await failureOf(
      config.store.update((draft) => draft.put("x", { credential: TOKEN })),
    );
    expect(write).toMatchObject({ code: "config_unreadable", exitCode: 1 });
    expect(config.text()).toBe(GO_CONFIG);
  });
});

describe("a write", () => {
  test("pitfall 13: a new file has mode 0600, whatever the umask", async () => {
    using config = createTestConfig();
    const umask = process.umask(0);
    try {
      await config.store.update((draft) => draft.put("a", { credential: TOKEN }));
    } finally {
      process.umask(umask);
    }
    expect(modeOf(config.path)).toBe(0o600);
    expect(modeOf(`${config.path}.lock`)).toBe(0o600);
    expect(config.notes).toEqual([]);
    expect(config.json()).toMatchObject({ path: config.path, profiles: { a: { active: true } } });

    const files = createNodeFileSystem({ isWindows: false });
    const other = join(config.directory, "other");
    const strict = process.umask(0o777);
    try {
      files.createSynced(other, new Uint8Array(), 0o600);
    } finally {
      process.umask(strict);
    }
    expect(modeOf(other)).toBe(0o600);
  });

  test("pitfall 13: an open file gets mode 0600, with a note, also when it is read", async () => {
    using config = createTestConfig({ text: GO_CONFIG, mode: 0o644 });
    expect((await config.store.read()).notes).toEqual([expect.stringContaining("has mode 0644")]);
    expect(modeOf(config.path)).toBe(0o644);
    await config.store.update((draft) => draft.activate("person"));
    expect(modeOf(config.path)).toBe(0o600);
    expect(config.notes).toEqual([`${config.path} had mode 0644; it is 0600 now`]);
  });

  test("pitfall 13: an open file is closed also where nothing else changes", async () => {
    using config = createTestConfig({ text: GO_CONFIG, mode: 0o644 });
    await config.store.update((draft) => draft.activate("automation"));
    expect(modeOf(config.path)).toBe(0o600);
    expect(config.notes).toEqual([`${config.path} had mode 0644; it is 0600 now`]);
  });

  test("pitfall 13: is not in place: the old file stays whole under another name", async () => {
    using config = createTestConfig({ text: GO_CONFIG });
    const other = join(config.directory, "hard-link");
    linkSync(config.path, other);
    await config.store.update((draft) => draft.activate("person"));
    expect(readFileSync(other, "utf8")).toBe(GO_CONFIG);
    expect(config.text()).not.toBe(GO_CONFIG);
  });

  test("goes step by step: see that it is a file, lock, read, write beside and sync, rename, sync the directory", async () => {
    const steps: string[] = [];
    const files = (real: FileSystem): FileSystem => ({
      ...real,
      read: (path, limitBytes) => (steps.push("read"), real.read(path, limitBytes)),
      createSynced(path, bytes, mode) {
        steps.push("write beside");
        real.createSynced(path, bytes, mode);
      },
      rename(from, to) {
        steps.push("rename");
        real.rename(from, to);
      },
      syncDirectoryOf(path) {
        steps.push("sync directory");
        real.syncDirectoryOf(path);
      },
      async tryLock(path) {
        const lock = await real.tryLock(path);
        steps.push("lock");
        return { release: () => (steps.push("release"), lock?.release()) };
      },
    });
    using config = createTestConfig({ text: GO_CONFIG, files });
    await config.store.update((draft) => draft.activate("person"));
    expect(steps).toEqual([
      "read",
      "lock",
      "read",
      "write beside",
      "rename",
      "sync directory",
      "release",
    ]);
  });

  test("symbolic links are followed, not replaced, dangling ones too", async () => {
    for (const text of [GO_CONFIG, undefined]) {
      using config = createTestConfig();
      const directory = join(config.directory, "dotfiles");
      mkdirSync(directory);
      const target = join(directory, "real.json");
      if (text !== undefined) writeFileSync(target, text, { mode: 0o600 });
      symlinkSync("dotfiles/link", config.path);
      symlinkSync("real.json", join(directory, "link"));
      await config.store.update((draft) => draft.put("a", { credential: TOKEN }));
      expect(lstatSync(config.path).isSymbolicLink()).toBe(true);
      expect(readlinkSync(config.path)).toBe("dotfiles/link");
      expect(lstatSync(target).isFile()).toBe(true);
      expect(Object.keys(JSON.parse(readFileSync(target, "utf8")).profiles)).toContain("a");
      expect(readdirSync(directory).sort()).toEqual(["link", "real.json", "real.json.lock"]);
    }
  });

  test("links that go round in a circle are an error", async () => {
    using config = createTestConfig();
    symlinkSync(config.path, config.path);
    expect((await failureOf(config.store.read())).message).toMatch(
      /links go round in a circle \(ELOOP\)/,
    );
    const write = await failureOf(config.store.update((draft) => draft.put("a", {})));
    expect(write).toMatchObject({ code: "config_not_written" });
  });

  test("a link planted where the new file goes is not followed", async () => {
    using config = createTestConfig({ text: GO_CONFIG });
    const victim = join(config.directory, "victim");
    writeFileSync(victim, "precious");
    symlinkSync(victim, `${config.path}.new`);
    await config.store.update((draft) => draft.activate("person"));
    expect(readFileSync(victim, "utf8")).toBe("precious");
    expect(lstatSync(config.path).isSymbolicLink()).toBe(false);
  });

  test("what a killed process left behind goes with the next write", async () => {
    using config = createTestConfig({ text: GO_CONFIG });
    writeFileSync(`${config.path}.new`, "half a fi");
    await config.store.update((draft) => draft.activate("person"));
    expect(readdirSync(config.directory).sort()).toEqual(["conch.json", "conch.json.lock"]);
    expect((await config.find("person")).active).toBe(true);
  });

  test("a change that changes nothing, or throws, writes nothing", async () => {
    using config = createTestConfig({ text: GO_CONFIG });
    const before = statSync(config.path);
    await config.store.update((draft) => draft.activate("automation"));
    const failing = await failureOf(
      config.store.update(async (draft) => {
        await draft.put("x", { credential: TOKEN });
        throw new Error("the server said no");
      }),
    );
    expect(failing.message).toContain("the server said no");
    expect(statSync(config.path).ino).toBe(before.ino);
    expect(statSync(config.path).mtimeMs).toBe(before.mtimeMs);
    expect(config.text()).toBe(GO_CONFIG);
  });

  test("keeps the style of the file", async () => {
    for (const text of [
      GO_CONFIG,
      `${JSON.stringify({ profiles: { a: {} } }, null, 2)}\n`,
      JSON.stringify({ profiles: { a: {} } }, null, 4),
    ]) {
      using config = createTestConfig({ text });
      await config.store.update((draft) => draft.put("zz", {}));
      await config.store.update((draft) => draft.remove("zz"));
      expect(config.text().split("\n")[1]).toBe(text.split("\n")[1] ?? "");
      expect(config.text().endsWith("\n")).toBe(text.endsWith("\n"));
    }
  });

  test.each([
    ["createSynced", "ENOSPC", "no space left on the device"],
    ["createSynced", "EACCES", "permission denied"],
    ["createSynced", "EROFS", "the file system is read-only"],
    ["createSynced", "EDQUOT", "the disk quota is used up"],
    ["rename", "EBUSY", "it is mounted or in use"],
    ["copyOwner", "EIO", "the disk failed"],
    ["remove", "EACCES", "permission denied"],
    ["tryLock", "EACCES", "permission denied"],
    ["resolveLinks", "ELOOP", "links go round in a circle"],
  ] as const)(
    "fails in %s with %s: the old file stays, nothing is left",
    async (name, code, text) => {
      const files = (real: FileSystem): FileSystem => ({
        ...real,
        [name]: () => {
          throw systemError(code);
        },
      });
      using config = createTestConfig({ text: GO_CONFIG, files });
      const write = await failureOf(config.store.update((draft) => draft.activate("person")));
      expect(write).toMatchObject({ code: "config_not_written", exitCode: 1 });
      expect(write.message).toContain(`cannot write the config file ${config.path}: `);
      expect(write.message).toContain(text);
      expect(config.text()).toBe(GO_CONFIG);
      if (name !== "remove") expect(existsSync(`${config.path}.new`)).toBe(false);
    },
  );

  test("a full disk after half of the file: the half is removed, the old file stays", async () => {
    const files = (real: FileSystem): FileSystem => ({
      ...real,
      createSynced(path, bytes, mode) {
        real.createSynced(path, bytes.subarray(0, bytes.length / 2), mode);
        throw systemError("ENOSPC");
      },
    });
    using config = createTestConfig({ text: GO_CONFIG, files });
    const write = await failureOf(config.store.update((draft) => draft.activate("person")));
    expect(write.message).toContain("no space left");
    expect(config.text()).toBe(GO_CONFIG);
    expect(existsSync(`${config.path}.new`)).toBe(false);
  });

  test("the directory cannot be synced: written all the same, with a note", async () => {
    const files = (real: FileSystem): FileSystem => ({
      ...real,
      syncDirectoryOf: () => {
        throw systemError("EIO");
      },
    });
    using config = createTestConfig({ text: GO_CONFIG, files });
    await config.store.update((draft) => draft.activate("person"));
    expect((await config.find("person")).active).toBe(true);
    expect(config.notes).toEqual([expect.stringContaining("not synced to disk: the disk failed")]);
  });

  test("the directory does not exist: says so", async () => {
    using config = createTestConfig();
    const path = join(config.directory, "missing", "conch.json");
    using other = createTestConfig({ profiles: { configPath: path } });
    expect(await other.store.read()).toMatchObject({ exists: false, profiles: [] });
    const write = await failureOf(other.store.update((draft) => draft.put("a", {})));
    expect(write).toMatchObject({
      code: "config_not_written",
      hint: "Its directory does not exist: make it first.",
    });
  });

  test("the config is a directory: says so", async () => {
    using config = createTestConfig();
    mkdirSync(config.path);
    expect((await failureOf(config.store.read())).message).toContain(
      "it is a directory, not a file",
    );
  });
});

describe("the lock", () => {
  test("changes at once, from two stores, lose nothing", async () => {
    using config = createTestConfig({ text: GO_CONFIG });
    const other = config.build("another key");
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 ? config : other).store.update((draft) =>
          draft.put(`p${index}`, { credential: TOKEN }),
        ),
      ),
    );
    expect((await config.store.read()).profiles).toHaveLength(23);
  });

  test("is held by another for too long: an error that says so, nothing written", async () => {
    let nowMs = 0;
    const clock = {
      nowMs: () => nowMs,
      sleep: (ms: number) => {
        nowMs += ms;
        return Promise.resolve();
      },
    };
    using config = createTestConfig({ text: GO_CONFIG, profiles: { clock } });
    const files = createNodeFileSystem({ isWindows: false });
    const lock = await files.tryLock(`${config.path}.lock`);
    const write = await failureOf(config.store.update((draft) => draft.activate("person")));
    expect(write).toMatchObject({ code: "config_busy", exitCode: 1 });
    lock?.release();
    await config.store.update((draft) => draft.activate("person"));
    expect((await config.find("person")).active).toBe(true);
  });

  test("leaves an empty file, and no journal", async () => {
    using config = createTestConfig({ text: GO_CONFIG });
    await config.store.update((draft) => draft.activate("person"));
    expect(readdirSync(config.directory).sort()).toEqual(["conch.json", "conch.json.lock"]);
    expect(statSync(`${config.path}.lock`).size).toBe(0);
  });
});

describe("profiles", () => {
  test("the first one becomes active; the next does not", async () => {
    using config = createTestConfig();
    await config.store.update(async (draft) => {
      await draft.put("a", { credential: TOKEN });
      await draft.put("b", { credential: TOKEN });
    });
    expect((await config.store.read()).profiles.map(({ active }) => active)).toEqual([true, false]);
  });

  test("pitfall 18: deleting one that does not exist is an error; of the active one, none takes its place", async () => {
    using config = createTestConfig({ text: GO_CONFIG });
    for (const change of ["remove", "activate"] as const) {
      const write = await failureOf(config.store.update((draft) => draft[change]("nobody")));
      expect(write).toMatchObject({
        code: "profile_not_found",
        exitCode: 5,
        hint: "There are: automation, person, ünïcode / name",
      });
    }
    await config.store.update((draft) => draft.remove("automation"));
    expect((await config.store.read()).profiles.map(({ active }) => active)).toEqual([
      false,
      false,
    ]);
  });

  test("pitfall 11, 14: a new credential replaces every credential that the profile had", async () => {
    const session = { kind: "session", value: "a.b.c", place: "file" } as const;
    const process = { kind: "process", command: ["x"] } as const;
    const none = { kind: "none" } as const;
    for (const before of [TOKEN, session, process, none]) {
      for (const after of [TOKEN, session, process, none]) {
        using config = createTestConfig({ text: GO_CONFIG });
        await config.store.update((draft) => draft.put("person", { credential: before }));
        await config.store.update((draft) => draft.put("person", { credential: after }));
        expect((await config.find("person")).credential.kind).toBe(after.kind);
        const { token, token_info, session, jwt, credential_process } =
          config.json().profiles.person;
        expect([token !== "", session !== undefined, credential_process !== undefined]).toEqual([
          after.kind === "token",
          after.kind === "session",
          after.kind === "process",
        ]);
        expect(token_info !== undefined).toBe(after.kind === "token");
        expect(jwt.Token).toBe("");
      }
    }
  });

  test("a name may be anything: __proto__, numbers, the empty text", async () => {
    using config = createTestConfig();
    for (const name of ["__proto__", "10", "2", "", "a\nb", "constructor", "\ud800"]) {
      await config.store.update((draft) => draft.put(name, { credential: TOKEN, apiUrl: "x" }));
      expect(await config.secrets.open(await config.find(name))).toBe("conch_x");
    }
    expect((await config.store.read()).profiles.map(({ name }) => name).slice(0, 3)).toEqual([
      "__proto__",
      "10",
      "2",
    ]);
  });
});
