import type { SecretWriter } from "./config-draft.ts";
import { isToken } from "./credential-process.ts";
import type { FileSystem } from "./file-system.ts";
import { describeFailure } from "./file-text.ts";
import type { Keychain } from "./keychain.ts";
import type { Obfuscator } from "./obfuscation.ts";
import type { Profile, StoredSecret } from "./profile.ts";
import { quoteWord } from "./quote-word.ts";
import { ProfileError } from "./profile-error.ts";
import type { DirectToken } from "./resolve.ts";

/** What opens and hides secrets is made from. */
export interface SecretsOptions {
  readonly obfuscator: Obfuscator;
  readonly keychain: Keychain;
  /** Runs a profile's `credential_process`, or answers from its cache. */
  readonly processToken: (profile: Profile) => Promise<string>;
  /** One line of stdin, without its end. */
  readonly readStdinLine: () => Promise<string>;
  readonly files: Pick<FileSystem, "readStream">;
}

/** Opens what is stored and what flags and variables name; hides what is to be stored. */
export interface Secrets extends SecretWriter {
  /**
   * Why this build cannot use the profile's credential; `null` where it can, as far as is known
   * without opening it. Asks no key chain.
   */
  whyUnusable(profile: Profile): Promise<string | null>;
  /**
   * The profile's token or session, as it goes after `Bearer`.
   *
   * @throws ProfileError `no_credential`, `credential_unusable`, `credential_process_failed`,
   *   `keychain_unavailable`
   */
  open(profile: Profile): Promise<string>;
  /** The token itself of `--token`, `--token-file` and their variables. @throws ProfileError `usage` */
  openDirect(token: DirectToken, source: string): Promise<string>;
}

const ACCOUNT_RANDOM_BYTES = 8;
/** Far above any token: `--token-file /dev/zero` ends here. */
const TOKEN_FILE_BYTES_MAX = 64 * 1024;

/** Makes the places where secrets are kept and found. */
export function createSecrets(options: SecretsOptions): Secrets {
  const { obfuscator, keychain } = options;

  /** The secret, or why it cannot be had. */
  async function recover(
    secret: StoredSecret & { place: "file" },
  ): Promise<{ value: string } | { why: string }> {
    if (secret.form === "plain") return { value: secret.text };
    const value = await obfuscator.recover(secret.text);
    if (value !== null) return { value };
    const ours = obfuscator.keyFingerprint;
    if (secret.keyFingerprint === ours) return { why: "it is damaged" };
    const theirs = secret.keyFingerprint;
    const why =
      theirs === null
        ? `it was stored by a build with another obfuscation key than this one's (${ours}), or is damaged`
        : `it was stored by a build with another obfuscation key (${theirs}; this one's is ${ours})`;
    return { why };
  }

  function unusable(profile: Profile, why: string): ProfileError {
    return new ProfileError(
      "credential_unusable",
      `the ${profile.credential.kind} of the profile "${profile.name}" is unusable with this build: ${why}`,
      `Nothing was changed. Use the build that stored it, or ${storeAnew(profile)}.`,
    );
  }

  function keychainFailure(error: unknown): ProfileError {
    return new ProfileError(
      "keychain_unavailable",
      `the system's key chain does not answer: ${describeFailure(error)}`,
      "Unlock or start it, or keep the secret in the config file with `--store file`.",
      { cause: error },
    );
  }

  async function fromKeychain(profile: Profile, account: string): Promise<string> {
    let value: string | null;
    try {
      value = await keychain.get(account);
    } catch (error) {
      throw keychainFailure(error);
    }
    if (value !== null) return value;
    throw new ProfileError(
      "credential_unusable",
      `the key chain does not hold the secret of the profile "${profile.name}"`,
      `To go on, ${storeAnew(profile)}.`,
    );
  }

  return {
    async whyUnusable({ credential }) {
      if (credential.kind === "none") return "it holds no credential";
      if (credential.kind === "process" || credential.secret.place === "keychain") return null;
      const { secret } = credential;
      const isOurs =
        secret.form === "obfuscated" && secret.keyFingerprint === obfuscator.keyFingerprint;
      if (isOurs) return null;
      const result = await recover(secret);
      return "why" in result ? result.why : null;
    },

    async open(profile) {
      const { credential, name } = profile;
      if (credential.kind === "none") {
        throw new ProfileError(
          "no_credential",
          `the profile "${name}" holds no credential`,
          `To go on, ${storeAnew(profile)}.`,
        );
      }
      if (credential.kind === "process") return options.processToken(profile);
      const { secret } = credential;
      if (secret.place === "keychain") return fromKeychain(profile, secret.account);
      const result = await recover(secret);
      if ("value" in result) return result.value;
      throw unusable(profile, result.why);
    },

    async openDirect(token, source) {
      const value = (await readDirect(token, source)).trim();
      if (value === "") {
        throw new ProfileError("usage", `${source} gave no token`, "Give it one, or leave it out.");
      }
      if (!isToken(value)) {
        throw new ProfileError(
          "usage",
          `${source} gave something that is no token: it holds a space, or a character outside ASCII`,
          "A token is one word.",
        );
      }
      return value;
    },

    async obfuscate(secret) {
      return { text: await obfuscator.hide(secret), keyFingerprint: obfuscator.keyFingerprint };
    },

    async storeInKeychain(profileName, secret) {
      // A new account each time: the old entry must stay until the file no longer refers to it.
      const random = crypto.getRandomValues(new Uint8Array(ACCOUNT_RANDOM_BYTES)).toHex();
      const account = `${profileName} ${random}`;
      try {
        await keychain.set(account, secret);
      } catch (error) {
        throw keychainFailure(error);
      }
      return account;
    },

    removeFromKeychain: (account) => keychain.remove(account),

    async checkKeychain() {
      try {
        // Of any name: it is the answer that counts.
        await keychain.get("probe");
      } catch (error) {
        throw keychainFailure(error);
      }
    },
  };

  async function readDirect(token: DirectToken, source: string): Promise<string> {
    if (token.from === "value") return token.value;
    if (token.from === "stdin") return options.readStdinLine();
    try {
      // Also what a shell makes of `<(pass show conch)`, which is a pipe.
      return new TextDecoder().decode(
        await options.files.readStream(token.path, TOKEN_FILE_BYTES_MAX),
      );
    } catch (error) {
      throw new ProfileError(
        "usage",
        `${source}: cannot read ${token.path}: ${describeFailure(error)}`,
        "It names a file that holds a token.",
        { cause: error },
      );
    }
  }
}

/** What the user can do about a secret that is missing or unusable, as a clause. */
function storeAnew({ name, credential: { kind } }: Profile): string {
  const profile = `conch --profile ${quoteWord(name)} profile`;
  const token = `store a token with \`${profile} set token -\``;
  const login = `log in with \`${profile} relogin\``;
  if (kind === "token") return token;
  return kind === "session" ? login : `${token}, or ${login}`;
}
