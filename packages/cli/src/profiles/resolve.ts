import type { Config, Profile } from "./profile.ts";
import type { ProfileError } from "./profile-error.ts";

/** The environments that `--environment` and `CONCH_ENV` know. */
export type Environment = "production" | "staging" | "development";

/** The flags that choose a credential and where it goes; absent ones `undefined`. */
export interface CredentialFlags {
  readonly profile?: string | undefined;
  /** The value, or `-` for one line of stdin. */
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly environment?: string | undefined;
  readonly url?: string | undefined;
}

/** The environment variables that do the same. */
export interface CredentialEnv {
  readonly CONCH_TOKEN?: string | undefined;
  readonly CONCH_TOKEN_FILE?: string | undefined;
  readonly CONCH_PROFILE?: string | undefined;
  readonly CONCH_ENV?: string | undefined;
  readonly CONCH_URL?: string | undefined;
}

/** The URLs that the build knows. */
export interface BuildUrls {
  readonly productionUrl: string | null;
  readonly stagingUrl: string | null;
}

/** What decides which credential is used, and where it goes. */
export interface ResolveInput {
  readonly flags: CredentialFlags;
  readonly env: CredentialEnv;
  readonly build: BuildUrls;
  /** Reads the config file. Called only where the flags and variables leave the choice to it. */
  readonly readConfig: () => Config;
}

/** Where a choice came from, as it is shown: `--token`, `CONCH_TOKEN`, `the active profile "x"`, … */
export type Source = string;

/** Something that was given and not used. */
export interface Shadowed {
  readonly source: Source;
  readonly why: string;
  /** Whether it is told on stderr on every command, and not only by `profile which --explain`. */
  readonly note: boolean;
}

/** Where the token of a direct credential is to be read from. */
export type DirectToken =
  | { readonly from: "value"; readonly value: string }
  | { readonly from: "stdin" }
  | { readonly from: "file"; readonly path: string };

/** The server to talk to. */
export interface Destination {
  /** Base URL, path included, without a slash at the end. */
  readonly url: string;
  readonly environment: Environment;
  readonly urlSource: Source;
  readonly environmentSource: Source;
}

/** The one credential to use, and the one place it goes to. */
export type ResolvedCredential =
  | { readonly kind: "direct"; readonly token: DirectToken; readonly source: Source }
  | { readonly kind: "profile"; readonly profile: Profile; readonly source: Source };

/** Either what to use, or why nothing is sent. `shadowed` is complete in both. */
export type Resolution =
  | {
      readonly ok: true;
      readonly credential: ResolvedCredential;
      readonly destination: Destination;
      readonly shadowed: readonly Shadowed[];
    }
  | { readonly ok: false; readonly error: ProfileError; readonly shadowed: readonly Shadowed[] };
