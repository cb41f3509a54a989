/** A config file in a directory of its own, with real files, real locks and real obfuscation. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { FileSystem } from "../../src/profiles/file-system.ts";
import { createNodeFileSystem } from "../../src/profiles/node-file-system.ts";
import { createObfuscator } from "../../src/profiles/obfuscation.ts";
import { createSecrets, type SecretsOptions } from "../../src/profiles/secrets.ts";
import { createProfileStore } from "../../src/profiles/store.ts";

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
    secrets?: Partial<SecretsOptions>;
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

  /** Another build, with another key, that works on the same file. */
  function build(key: string) {
    const secrets = createSecrets({
      obfuscator: createObfuscator(key),
      keychain: {
        get: () => Promise.reject(new Error("no key chain in this test")),
        set: () => Promise.reject(new Error("no key chain in this test")),
        remove: () => Promise.reject(new Error("no key chain in this test")),
      },
      runCredentialProcess: () => Promise.reject(new Error("no process in this test")),
      readStdinLine: () => Promise.reject(new Error("no stdin in this test")),
      readTextFile: (file) => readFileSync(file, "utf8"),
      ...options.secrets,
    });
    const store = createProfileStore({
      files,
      path,
      clock: { nowMs: Date.now, sleep: Bun.sleep },
      secrets,
      note: (text) => notes.push(text),
    });
    return {
      store,
      secrets,
      find(name: string) {
        const profile = store.read().profiles.find((candidate) => candidate.name === name);
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
