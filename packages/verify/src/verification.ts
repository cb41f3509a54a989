/** What a verifier tells the service that asks. */
import type { Rights } from "@conch/contract";
import type { EntryUser, InvalidReason } from "./core/types.ts";

/** A token that is good, and whose it is. */
export interface VerifiedToken {
  /** Shared by all verifications of the user's tokens, and frozen. */
  readonly user: EntryUser;
  readonly tokenId: string;
  /** `api` for an API token, `session` for a login session. */
  readonly kind: "api" | "session";
  /** The token's name; `""` for a login session. */
  readonly name: string;
  /** `full`: all that the user may do; `read`: GET only; `verify`: nothing in your service. */
  readonly rights: Rights;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

/**
 * The outcome of a verification: `ok`; `forbidden` where the token is good and its rights do not cover
 * what was asked for (403); `invalid` where it is not good (401); `unavailable` where that cannot be
 * known now (503): never let such a request in, and never tell its sender to log in again.
 */
export type Verification =
  | ({ readonly status: "ok" } & VerifiedToken)
  | ({ readonly status: "forbidden" } & VerifiedToken)
  | { readonly status: "invalid"; readonly reason: InvalidReason }
  | { readonly status: "unavailable" };

/** Checks tokens. */
export interface Verifier {
  /**
   * Checks what stands behind `Bearer ` in an `Authorization` header. Never rejects.
   *
   * @param bearer an API token or a whole login JWT; none at all is `invalid`.
   * @param needed the rights that the request takes; without it any live token is `ok`.
   */
  verify(bearer: string | null | undefined, needed?: Rights): Promise<Verification>;
  /** The same without waiting; `null` where it takes a request to the server: then `verify`. */
  verifyCached(bearer: string | null | undefined, needed?: Rights): Verification | null;
  /** Figures for your metrics. */
  stats(): VerifierStats;
  /**
   * Reports the last uses, ends the change feed and frees everything. From the call on every token is
   * `unavailable`, also to those that wait. Safe to repeat.
   */
  close(): Promise<void>;
}

/** Figures of a verifier. */
export interface VerifierStats {
  /** Whether cached answers may be relied on now. */
  readonly isLive: boolean;
  /** Since the reading of the log that the lease rests on, milliseconds; infinite before the first. */
  readonly leaseAgeMs: number;
  /** The bound B, milliseconds. */
  readonly boundMs: number;
  readonly entries: number;
  /** Why the last request to the server failed, for people; `null` where it did not. */
  readonly problem: string | null;
}
