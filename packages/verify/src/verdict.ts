/** What a service learns of a bearer: the public face of the verifier. */
import type { Rights } from "@conch/contract";

/** Rights that a service can ask for; those of `verify` tokens are good for no service. */
export type ServiceRights = Exclude<Rights, "verify">;

/** Who stands behind a good token, and what it may do. */
export interface Identity {
  readonly user: {
    /** A UUID. */
    readonly id: string;
    readonly email: string;
    readonly name: string;
    readonly isAdmin: boolean;
  };
  /** The token's name; `""` for a login session. */
  readonly tokenName: string;
  readonly rights: Rights;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

/**
 * What a verification comes to. `forbidden`: the token is good, its rights are not enough.
 * `invalid`: dead, unknown or malformed. `unavailable`: it cannot be known now (503, try again) and
 * must never be taken for either.
 */
export type Verdict =
  | { readonly outcome: "ok"; readonly identity: Identity }
  | { readonly outcome: "forbidden"; readonly identity: Identity }
  | { readonly outcome: "invalid" }
  | { readonly outcome: "unavailable" };

/** What a verification may be told beside the bearer. */
export interface VerifyOptions {
  /** What the service needs: `read` (default) or `full`. */
  readonly rights?: ServiceRights;
}

/** Checks tokens. */
export interface Verifier {
  /** @param bearer an API token or a whole login JWT. Never rejects. */
  verify(bearer: string, options?: VerifyOptions): Promise<Verdict>;
  /** Reports the last uses and ends the change feed; the process can then exit. */
  close(): Promise<void>;
}
