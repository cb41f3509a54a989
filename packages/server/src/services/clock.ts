/** The outside that services are given: time and randomness. */

/** Tells the time. */
export interface Clock {
  /** Wall time, milliseconds since the epoch. */
  nowMs(): number;
  /** Time since some start, milliseconds; never goes back. */
  monotonicMs(): number;
}

/** Makes what nobody can guess. */
export interface Random {
  bytes(count: number): Uint8Array;
  uuid(): string;
  /** In [0, 1), for jitter: guessable. */
  uniform(): number;
}

/** Sets timers. */
export interface Timers {
  /** Calls back once, after that time, unless cancelled. */
  set(callback: () => void, delayMs: number): { cancel(): void };
}
