/**
 * Reads and changes mutated config files. Whatever the file: no crash; either an error that names the
 * place, and nothing is written, or a change that leaves everything else as it was.
 */
import * as fc from "fast-check";

import type { FileSystem } from "../../src/profiles/file-system.ts";
import {
  JsonNumber,
  type JsonObject,
  type JsonValue,
  parseJson,
} from "../../src/profiles/json-document.ts";
import { ProfileError } from "../../src/profiles/profile-error.ts";
import { createProfiles } from "../../src/profiles/profiles.ts";
import { GO_CONFIG, GO_KEY } from "./setup.ts";
import { sha256 } from "./sha256.ts";

const PATH = "/fuzz/conch.json";

/** A config of ours with every kind of credential, and an older layout. */
const OURS = JSON.stringify({
  profiles: {
    chain: { api_url: "https://a", token_info: { keychain: "x", name: "n" }, other: [1.5, {}] },
    run: {
      credential_process: "a 'b c'",
      credential_process_cache: { value: "AAAA", command: "x", expires: "2031-01-01T00:00:00Z" },
    },
    session: { session: { value: "AAAA", key: "0", expires: null }, active: true },
    old: { jwt: "a.b.c", expires: 1924992000, token: "" },
  },
  extra: { deep: [[[["ü"]]]] },
});

/** Pieces that mean something in a config. */
const PIECES = [
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"',
  "\\",
  "\\u0000",
  "null",
  "true",
  "0",
  "-1e9",
  "1e999",
  "\0",
  "\ufeff",
  "\ud83d\ude00",
  "\n",
  '"profiles"',
  '"token"',
  '"jwt"',
  '"__proto__"',
  '"":',
  "/*",
  "\xff",
] as const;

const mutation = fc.oneof(
  fc.record({
    kind: fc.constant("insert" as const),
    at: fc.nat(),
    piece: fc.constantFrom(...PIECES),
  }),
  fc.record({
    kind: fc.constant("delete" as const),
    at: fc.nat(),
    length: fc.integer({ min: 1, max: 40 }),
  }),
  fc.record({
    kind: fc.constant("repeat" as const),
    at: fc.nat(),
    length: fc.integer({ min: 1, max: 400 }),
  }),
  fc.record({ kind: fc.constant("byte" as const), at: fc.nat(), value: fc.nat({ max: 255 }) }),
  fc.record({ kind: fc.constant("cut" as const), at: fc.nat() }),
);
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

function mutate(bytes: Buffer, change: Mutation): Buffer {
  const at = bytes.length === 0 ? 0 : change.at % bytes.length;
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  if (change.kind === "cut") return before;
  if (change.kind === "insert") return Buffer.concat([before, Buffer.from(change.piece), after]);
  if (change.kind === "delete") return Buffer.concat([before, after.subarray(change.length)]);
  if (change.kind === "byte")
    return Buffer.concat([before, Buffer.of(change.value), after.subarray(1)]);
  return Buffer.concat([before, after.subarray(0, change.length), after]);
}

/** A disk with one file. */
function createMemoryDisk(content: Uint8Array): FileSystem & { files: Map<string, Uint8Array> } {
  const files = new Map([[PATH, content]]);
  return {
    files,
    resolveLinks: (path) => path,
    read: async (path, limitBytes) => {
      const bytes = files.get(path);
      if (bytes === undefined) throw Object.assign(new Error("none"), { code: "ENOENT" });
      return { bytes: bytes.subarray(0, limitBytes + 1), mode: 0o600 };
    },
    readStream: () => Promise.reject(new Error("no tokens here")),
    createSynced: (path, bytes) => void files.set(path, bytes),
    copyOwner: () => {},
    rename: (from, to) => {
      files.set(to, files.get(from) ?? Buffer.of());
      files.delete(from);
    },
    remove: (path) => void files.delete(path),
    syncDirectoryOf: () => {},
    tryLock: () => Promise.resolve({ release: () => {} }),
  };
}

function openDisk(disk: FileSystem) {
  const none = () => Promise.reject(new Error("none in this test"));
  return createProfiles({
    files: disk,
    keychain: { get: () => Promise.resolve(null), set: none, remove: none },
    loadRunProcess: () => Promise.resolve(() => Promise.resolve({ kind: "killed", signal: "x" })),
    notesStderr: false,
    clock: { nowMs: () => 0, sleep: none },
    env: {},
    readStdinLine: none,
    note: () => {},
    configPath: PATH,
    obfuscationKey: GO_KEY,
    sha256,
  });
}

function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

function isPlainJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The members that the change of this test, or hiding a session, may touch. */
const TOUCHED = new Set(["active", "jwt", "expires", "session"]);

function assertKept(before: JsonValue, after: JsonValue | undefined, depth = 0): void {
  if (before instanceof Map) {
    assert(after instanceof Map, "an object is gone");
    for (const [name, value] of before) {
      const mayChange = depth === 2 && TOUCHED.has(name);
      const wasEmpty = depth === 0 && name === "profiles" && value === null;
      if (!mayChange && !wasEmpty) assertKept(value, after.get(name), depth + 1);
    }
    return;
  }
  const plain = (value: JsonValue | undefined): unknown =>
    value instanceof JsonNumber ? value.text : value;
  if (Array.isArray(before)) {
    assert(Array.isArray(after) && after.length === before.length, "an array is changed");
    before.forEach((item, index) => assertKept(item, after[index], depth + 1));
    return;
  }
  assert(Object.is(plain(before), plain(after)), "a value is changed");
}

/** What became of one file. */
async function tryFile(content: Uint8Array): Promise<"refused" | "changed"> {
  const disk = createMemoryDisk(content);
  const { store, secrets } = openDisk(disk);
  const change = () =>
    store.update((draft) =>
      draft.put("fuzz", { credential: { kind: "token", value: "t", place: "file" } }),
    );
  let before: JsonObject;
  try {
    const { profiles } = await store.read();
    for (const profile of profiles) {
      await secrets.open(profile).catch((error: unknown) => {
        if (!(error instanceof ProfileError)) throw error;
      });
    }
    before = parseJson(new TextDecoder().decode(content)) as JsonObject;
  } catch (error) {
    assertNamesPlace(error, content);
    const again = await change().catch((second: unknown) => second);
    assert(again instanceof ProfileError && again.code === "config_invalid", "the write went on");
    assert(disk.files.get(PATH) === content && disk.files.size === 1, "it was overwritten");
    return "refused";
  }
  await change();
  const text = new TextDecoder().decode(disk.files.get(PATH));
  assert(isPlainJson(text), "what was written is no JSON");
  assertKept(before, parseJson(text));
  assert(
    (await store.read()).profiles.some(({ name }) => name === "fuzz"),
    "the change is missing",
  );
  return "changed";
}

const PLACE = /: (line \d+, column \d+|the file|profiles(\.\w+|\["(?:[^"\\]|\\.)*"\]|\[\d+\])*): /;

function assertNamesPlace(error: unknown, content: Uint8Array): void {
  assert(
    error instanceof ProfileError && error.code === "config_invalid",
    `crash: ${String(error)}`,
  );
  assert(PLACE.test(error.message), `no place in: ${error.message}`);
  // What we refuse as JSON is none, but for what we are stricter about on purpose.
  const isSyntax = /: line \d+/.test(error.message);
  const isStricter = /for the second time|nested deeper|UTF/.test(error.message);
  const text = new TextDecoder().decode(content);
  assert(!isSyntax || isStricter || !isPlainJson(text), `it is JSON: ${error.message}`);
}

/** @returns how many of the files were refused, and how many could be changed */
export async function fuzzConfig(numRuns: number): Promise<Record<"refused" | "changed", number>> {
  const counts = { refused: 0, changed: 0 };
  const bases = [GO_CONFIG, OURS, '{"profiles":{}}'].map((text) => Buffer.from(text));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...bases),
      fc.array(mutation, { minLength: 1, maxLength: 4 }),
      async (base, mutations) => {
        counts[await tryFile(mutations.reduce(mutate, base))] += 1;
      },
    ),
    { numRuns },
  );
  return counts;
}
