/** A config file in a directory of its own, with real files, real locks and real obfuscation. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { FileSystem } from "../../src/profiles/file-system.ts";
import { createNodeFileSystem } from "../../src/profiles/node-file-system.ts";
import { createNodeRunProcess } from "../../src/profiles/node-run-process.ts";
import type { ProfileError } from "../../src/profiles/profile-error.ts";
import { createProfiles, type ProfilesOptions } from "../../src/profiles/profiles.ts";
import { sha256 } from "./sha256.ts";

export const GO_CONFIG = readFileSync(
  new URL("../fixtures/go-config.json", import.meta.url),
  "utf8",
);
/** The key that the fixture was written with. */
export const GO_KEY = "held-out-key";

export function createTestConfig(
  options: {
    text?: string | Uint8Array;
    mode?: number;
    key?: string;
    files?: (real: FileSystem) => FileSystem;
    profiles?: Partial<ProfilesOptions>;
  } = {},
) {
  const directory = mkdtempSync(join(tmpdir(), "conch-config-"));
  const path = join(directory, "conch.json");
  if (options.text !== undefined) {
    writeFileSync(path, options.text);
    chmodSync(path, options.mode ?? 0o600);
  }
  const notes: string[] = [];
  const real = createNodeFileSystem({ isWindows: false });
  const files = options.files?.(real) ?? real;

  /** A build with that key, working on this file. */
  function build(key: string) {
    const none = () => Promise.reject(new Error("none in this test"));
    const profiles = createProfiles({
      files,
      keychain: { get: none, set: none, remove: none },
      loadRunProcess: () => Promise.resolve(createNodeRunProcess(process.env, () => undefined)),
      clock: { nowMs: Date.now, sleep: Bun.sleep },
      notesStderr: false,
      env: {},
      readStdinLine: none,
      note: (text) => notes.push(text),
      configPath: path,
      obfuscationKey: key,
      sha256,
      ...options.profiles,
    });
    return {
      ...profiles,
      async find(name: string) {
        const profile = (await profiles.store.read()).profiles.find((found) => found.name === name);
        if (profile === undefined) throw new Error(`no profile ${name}`);
        return profile;
      },
    };
  }

  return {
    ...build(options.key ?? GO_KEY),
    build,
    directory,
    path,
    notes,
    text: () => readFileSync(path, "utf8"),
    json: () => JSON.parse(readFileSync(path, "utf8")),
    [Symbol.dispose]: () => {
      chmodSync(directory, 0o700);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The error that a promise ends with; fails the test where it ends with none of ours. */
export async function failureOf(promise: Promise<unknown>): Promise<Error & Partial<ProfileError>> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
  throw new Error("it did not fail");
}
