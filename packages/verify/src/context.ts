/** The edge of the process: clocks, timers, randomness, hashing and the network of Node and Bun. */
import * as crypto from "node:crypto";
import type { Edge } from "./core/types.ts";

/** What is needed of `fetch`. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** What a verifier needs of the outside. */
export interface VerifierContext {
  readonly edge: Edge;
  readonly fetch: Fetch;
  readonly createId: () => string;
  /** SHA-256, base64url without padding. */
  readonly hash: (text: string) => string;
}

// One-shot hashing came with Node 20.12 and is twice as fast.
const hash: VerifierContext["hash"] =
  typeof crypto.hash === "function"
    ? (text) => crypto.hash("sha256", text, "base64url")
    : (text) => crypto.createHash("sha256").update(text).digest("base64url");

/** The real one. */
export function createVerifierContext(): VerifierContext {
  return {
    edge: {
      clock: { monotonicMs: () => performance.now(), wallMs: () => Date.now() },
      timers: {
        set(callback, delayMs) {
          const timer = setTimeout(callback, delayMs);
          return { cancel: () => clearTimeout(timer) };
        },
      },
      random: Math.random,
    },
    fetch: (url, init) => fetch(url, init),
    createId: () => crypto.randomUUID(),
    hash,
  };
}
