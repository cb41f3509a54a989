/**
 * What the pieces of the bound share, and what they need of the outside. Nothing here reads a clock,
 * draws a number, sets a timer or opens a connection: those are passed in, so that the simulation
 * runs this very code.
 */
import type { LogPosition, Rights } from "@conch/contract";
import type { Key } from "./key.ts";

/** A place in the change log: which log, which row, and the row's random name. */
export type Cursor = LogPosition;

/** A row of the change log. */
export interface ChangeRow {
  readonly seq: number;
  readonly uid: string;
  readonly kind: "token" | "user" | "all";
  readonly tokenId: string | null;
  readonly userId: string | null;
}

/** What a change concerns. */
export type ChangeSubject = Pick<ChangeRow, "kind" | "tokenId" | "userId">;

/** What a commit is said to have changed, before it was read in the log. */
export type Hint = ChangeSubject & Pick<ChangeRow, "seq">;

/** Two clocks of one machine, milliseconds. */
export interface Clock {
  /** Never steps; may stand still while the machine is suspended. */
  monotonicMs(): number;
  /** Since the epoch; may be set by hand, goes on during a suspend. */
  wallMs(): number;
}

/** A timer that has been set. */
export interface Timer {
  cancel(): void;
}

/** Sets timers. One that fires late is harmless: a timer only ever starts something. */
export interface Timers {
  set(callback: () => void, delayMs: number): Timer;
}

/** What every piece gets from the edge of the process. */
export interface Edge {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Uniform in [0, 1); for jitter. */
  readonly random: () => number;
}

/** The user a token belongs to. */
export interface EntryUser {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly isAdmin: boolean;
}

/** What a verification decides by and returns: a token and its user. */
export interface TokenRecord {
  readonly tokenId: string;
  readonly kind: "api" | "session";
  /** `""` for a session. */
  readonly tokenName: string;
  readonly rights: Rights;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  /** A session whose user must set a new password first; never set for API tokens. */
  readonly passwordChangeRequired: boolean;
  readonly user: EntryUser;
}

/** A record with what its holder must know of it to go on trusting it. */
export interface NewEntry extends TokenRecord {
  /** The row of the log as of which it is true. */
  readonly seq: number;
  /** The holder's generation when it was checked against the log. */
  readonly generation: number;
  /** The expiry by the monotonic clock, counted from before the look-up. */
  readonly expiresAtMonotonicMs: number;
}

/** One that is in a cache, or was. */
export interface Entry extends NewEntry {
  /** Where it is in there. */
  readonly row: number;
}

/** What a look-up found. */
export interface LookUpResult {
  /** The head of the log, from the statement that read the record. */
  readonly position: Cursor;
  /** `null`: no such token, or one that is revoked, or whose user is deactivated. */
  readonly record: TokenRecord | null;
  /** Life left by the answerer's clock; without it, this machine's wall clock decides. */
  readonly expiresInMs?: number;
  /** How long, from before the look-up, a `null` may be kept. */
  readonly keepMs: number;
}

/**
 * Looks one token up, by its key or by what `check` was given beside it. A rejection means that it cannot be
 * known now.
 *
 * @param seq an answer as of an older row of the log is of no use.
 */
export type LookUp<Request> = (key: Key, request: Request, seq: number) => Promise<LookUpResult>;

/**
 * Looks one token up, together with those that are asked for at the same time.
 *
 * @param receive is called once, later, in bounded time; with `null` where it cannot be known now. The
 *   result is not older than the call of this function.
 */
export type LookUpInBatch = (key: Key, receive: (result: LookUpResult | null) => void) => void;

/** Why a token is not accepted. */
export type InvalidReason = "unknown" | "expired" | "password_change_required";

/** What a verification comes to. */
export type Decision =
  | { readonly outcome: "ok"; readonly entry: Entry }
  | { readonly outcome: "forbidden"; readonly entry: Entry }
  | {
      readonly outcome: "invalid";
      readonly reason: "password_change_required";
      /** A server lets such a session set the new password. */
      readonly entry: Entry;
    }
  | {
      readonly outcome: "invalid";
      readonly reason: Exclude<InvalidReason, "password_change_required">;
    }
  | { readonly outcome: "unavailable" };
