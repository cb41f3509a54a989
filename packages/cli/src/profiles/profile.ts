/** One profile of the config file, as the rest of the client sees it. Holds no secret in the clear. */
export interface Profile {
  readonly name: string;
  /** The e-mail address or id it was logged in with; `""` where unknown (token profiles). */
  readonly user: string;
  /** The API's base URL, path included, without a slash at the end. */
  readonly apiUrl: string;
  readonly active: boolean;
  readonly credential: Credential;
}

/** What a profile authenticates with. */
export type Credential =
  | { readonly kind: "none" }
  | TokenCredential
  | SessionCredential
  | ProcessCredential;

/** An API token. */
export interface TokenCredential {
  readonly kind: "token";
  readonly secret: StoredSecret;
  /** Its name on the server, where we know it (tokens made by `profile upgrade`). */
  readonly tokenName: string | null;
  readonly expiresAtMs: number | null;
}

/** A login session: a whole login JWT, `header.payload.signature`. */
export interface SessionCredential {
  readonly kind: "session";
  readonly secret: StoredSecret;
  readonly expiresAtMs: number | null;
}

/** A command that prints a token (`credential_process`). */
export interface ProcessCredential {
  readonly kind: "process";
  /** The program and its arguments; never passed to a shell. */
  readonly command: readonly string[];
  /** The token of an earlier run, where the command stated how long it lives. */
  readonly cached: {
    /** Obfuscated. */
    readonly text: string;
    readonly expiresAtMs: number;
    /** Of the command that printed it. */
    readonly commandFingerprint: string;
  } | null;
}

/** Where a secret lies, and in which form. */
export type StoredSecret =
  | {
      readonly place: "file";
      readonly form: "obfuscated";
      readonly text: string;
      /** Of the obfuscation key it was written with; `null` in files of the Go client. */
      readonly keyFingerprint: string | null;
    }
  | { readonly place: "file"; readonly form: "plain"; readonly text: string }
  | { readonly place: "keychain"; readonly account: string };

/** Where a new secret is to be kept. */
export type SecretPlace = StoredSecret["place"];

/** The config file as read. */
export interface Config {
  /** As it was asked for; messages name it. */
  readonly path: string;
  readonly exists: boolean;
  /** In the order of the file. */
  readonly profiles: readonly Profile[];
  /** What the user should be told about the file. */
  readonly notes: readonly string[];
}

/** A credential to be stored: it replaces every credential that the profile had. */
export type NewCredential =
  | { readonly kind: "none" }
  | {
      readonly kind: "token";
      readonly value: string;
      readonly place: SecretPlace;
      readonly tokenName?: string | null;
      readonly expiresAtMs?: number | null;
    }
  | {
      readonly kind: "session";
      /** `header.payload.signature` */
      readonly value: string;
      readonly place: SecretPlace;
      readonly expiresAtMs?: number | null;
    }
  | { readonly kind: "process"; readonly command: readonly string[] };

/** The config file while it is locked for a change. Nothing is written before the change returns. */
export interface ConfigDraft {
  /** As they are now, changes of this draft included. */
  readonly profiles: readonly Profile[];
  find(name: string): Profile | null;
  /** Adds a profile, or changes the given fields of an existing one. The first of a file becomes active. */
  put(
    name: string,
    change: { apiUrl?: string; user?: string; credential?: NewCredential },
  ): Promise<void>;
  /** @throws ProfileError `profile_not_found` */
  remove(name: string): void;
  /** Keeps what a `credential_process` printed, where the profile still has that command. */
  cacheProcessToken(
    name: string,
    token: { command: readonly string[]; value: string; expiresAtMs: number },
  ): Promise<void>;
  /** Forgets it: the server refused it. */
  forgetProcessToken(name: string): void;
  /** Makes this the only active profile. @throws ProfileError `profile_not_found` */
  activate(name: string): void;
}
