import {
  isCacheFresh,
  RECURSION_VARIABLE,
  runCredentialProcess,
  type RunProcess,
} from "./credential-process.ts";
import type { FileSystem } from "./file-system.ts";
import type { Keychain } from "./keychain.ts";
import { createObfuscator, type Sha256 } from "./obfuscation.ts";
import type { Profile } from "./profile.ts";
import { ProfileError } from "./profile-error.ts";
import { createSecrets, type Secrets } from "./secrets.ts";
import { createProfileStore, type ProfileStore } from "./store.ts";

/** The doors to the machine, and the two settings, that profiles are made from. */
export interface ProfilesOptions {
  readonly files: FileSystem;
  readonly keychain: Keychain;
  /** Loaded only where a profile has a `credential_process`. */
  readonly loadRunProcess: () => Promise<RunProcess>;
  readonly clock: { nowMs(): number; sleep(ms: number): Promise<void> };
  /** What a `credential_process` says on stderr becomes a note: the user's stderr is one document. */
  readonly notesStderr: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readStdinLine: () => Promise<string>;
  /** Receives what the user should be told on stderr. */
  readonly note: (text: string) => void;
  /** Absolute. */
  readonly configPath: string;
  readonly obfuscationKey: string;
  readonly sha256: Sha256;
}

/** The config file, and what opens its secrets. */
export interface Profiles {
  readonly store: ProfileStore;
  readonly secrets: Secrets;
}

/** Makes the profiles of one config file. */
export function createProfiles(options: ProfilesOptions): Profiles {
  const { files, keychain, clock, env, note, readStdinLine } = options;
  const obfuscator = createObfuscator(options.obfuscationKey, options.sha256);
  const secrets = createSecrets({ obfuscator, keychain, files, readStdinLine, processToken });
  const store = createProfileStore({ files, path: options.configPath, clock, secrets, note });
  return { store, secrets };

  async function processToken({ name, credential }: Profile): Promise<string> {
    if (credential.kind !== "process") throw new Error("not a credential_process");
    const { cached, command } = credential;
    if (cached !== null && (await isCacheFresh(credential, clock.nowMs()))) {
      const value = await obfuscator.recover(cached.text);
      if (value !== null) return value;
    }
    const run = await options.loadRunProcess();
    const isNested = env[RECURSION_VARIABLE] === name;
    const token = await runCredentialProcess(name, command, {
      run,
      nowMs: clock.nowMs(),
      isNested,
      note: options.notesStderr ? note : null,
    });
    if (token.expiresAtMs !== null) await cache(name, command, token.value, token.expiresAtMs);
    return token.value;
  }

  async function cache(
    name: string,
    command: readonly string[],
    value: string,
    expiresAtMs: number,
  ): Promise<void> {
    try {
      await store.update((draft) => draft.cacheProcessToken(name, { command, value, expiresAtMs }));
    } catch (error) {
      // The token is good all the same; the next command asks for another.
      if (!(error instanceof ProfileError)) throw error;
      note(`the token of the profile "${name}" could not be cached: ${error.message}`);
    }
  }
}
