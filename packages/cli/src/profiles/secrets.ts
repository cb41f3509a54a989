import type { DirectToken } from "./resolve.ts";
import type { Profile, StoredSecret } from "./profile.ts";

/** Opens what is stored, and the sources that the flags and variables name. */
export interface Secrets {
  /**
   * Whether this build could use the secret, without opening it where that needs nothing but the
   * key's fingerprint. `null` where it can, else the reason.
   */
  whyUnusable(profile: Profile): Promise<string | null>;
  /**
   * The value to put after `Bearer`.
   *
   * @throws ProfileError `credential_unusable`, `credential_process_failed`, `keychain_unavailable`
   */
  open(profile: Profile): Promise<string>;
  /** The token behind `--token`, `--token -`, `--token-file` and their variables. @throws ProfileError */
  openDirect(token: DirectToken): Promise<string>;
}

/** How a secret is shown: `sha256:` and the first 8 hex digits of its SHA-256. */
export type Fingerprint = `sha256:${string}`;

export type { StoredSecret };
