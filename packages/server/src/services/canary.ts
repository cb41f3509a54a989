/**
 * The canary: a credential of nobody's, put into the cache and revoked through the database, to see
 * each minute how long a revocation takes. Its change goes the way of all others, so the figure is the
 * real one.
 */
import { type Key, type NewEntry, keyOfHash } from "@conch/verify/core/index";
import type { Database } from "../store/database.ts";
import type { Clock, Random } from "./clock.ts";
import type { ServerNode } from "./node.ts";
import { credentialHash } from "./verification.ts";

/** What one run found, milliseconds. */
export type CanaryResult =
  | {
      /** From the commit to the refusal on this node. */
      readonly refusedMs: number;
      /** From the commit until it was in force on every node and verifier. */
      readonly everywhereMs: number;
      readonly proof: "confirmed" | "bound";
    }
  /** Still accepted after the bound: the promise is broken. */
  | { readonly refusedMs: null };

/** The canary. */
export interface Canary {
  /** `null` where the node knows nothing now. Rejects where the database does not take the change. */
  run(): Promise<CanaryResult | null>;
}

const LIFE_MS = 3_600_000;
const LOOK_MS = 1;

/** @param database as it is: not the one that drops what this node itself has changed. */
export function createCanary(options: {
  readonly database: Database;
  readonly node: ServerNode;
  readonly clock: Clock;
  readonly random: Random;
  readonly boundMs: number;
  readonly delay: (ms: number) => Promise<void>;
}): Canary {
  const { database, node, clock, random, boundMs, delay } = options;

  function createEntry(seq: number): NewEntry {
    const user = { id: random.uuid(), email: "", name: "", isAdmin: false };
    return {
      tokenId: random.uuid(),
      kind: "api",
      tokenName: "",
      rights: "verify",
      createdAtMs: clock.nowMs(),
      expiresAtMs: clock.nowMs() + LIFE_MS,
      expiresAtMonotonicMs: clock.monotonicMs() + LIFE_MS,
      passwordChangeRequired: false,
      user,
      seq,
      generation: node.history.generation(),
    };
  }

  const isAccepted = (key: Key): boolean => node.checker.decide(key)?.outcome === "ok";

  async function timeRefusal(key: Key, committedAtMs: number): Promise<number | null> {
    while (isAccepted(key)) {
      if (clock.monotonicMs() - committedAtMs > boundMs) return null;
      await delay(LOOK_MS);
    }
    return clock.monotonicMs() - committedAtMs;
  }

  return {
    async run() {
      const cursor = node.history.cursor();
      if (cursor === null || !node.lease.isLive()) return null;
      const entry = createEntry(cursor.seq);
      const key = keyOfHash(credentialHash(`canary ${random.uuid()}`));
      node.cache.store(key, entry);
      if (!isAccepted(key)) return null;
      const { seq } = await database.write(async () => ({
        value: undefined,
        changes: [{ kind: "token", tokenId: entry.tokenId, userId: entry.user.id }],
      }));
      const committedAtMs = clock.monotonicMs();
      const refusedMs = await timeRefusal(key, committedAtMs);
      if (refusedMs === null || seq === null) return { refusedMs: null };
      const { waitedMs, proof } = await node.wait(seq, committedAtMs);
      return { refusedMs, everywhereMs: waitedMs, proof };
    },
  };
}
