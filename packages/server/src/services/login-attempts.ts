import { hash } from "node:crypto";
import { isIPv6 } from "node:net";
import { retryLater } from "../errors.ts";
import type { Database } from "../store/database.ts";
import { addFailure, listFailures } from "../store/login-failure.ts";
import type { Clock, Random } from "./clock.ts";

const FAILURES_MAX = 10;
const WINDOW_MS = 10 * 60_000;

/** Counts wrong passwords per account and address; no account is locked for everybody. */
export interface LoginAttempts {
  /**
   * Runs one check of a password. Checks of one account from one address take turns, so that many
   * at once cannot get past the limit.
   *
   * @param account the user's id, or what was typed where there is no such user.
   * @param check says whether the password was right; a wrong one counts.
   * @throws ApiError 429 with `Retry-After`, without a check, after too many failures.
   */
  guard(account: string, address: string, check: () => Promise<boolean>): Promise<boolean>;
}

/** Makes the service. */
export function createLoginAttempts(options: {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
}): LoginAttempts {
  const { database, clock, random } = options;
  const turns = new Map<string, Promise<unknown>>();

  async function takeTurn(keyHash: Uint8Array, check: () => Promise<boolean>): Promise<boolean> {
    const nowMs = clock.nowMs();
    const failures = await listFailures(database.db, keyHash, nowMs - WINDOW_MS, FAILURES_MAX);
    const oldestMs = failures[FAILURES_MAX - 1];
    if (oldestMs !== undefined) {
      throw retryLater("too_many_attempts", { afterMs: oldestMs + WINDOW_MS - nowMs });
    }
    const isRight = await check();
    if (!isRight) {
      await addFailure(database.db, { id: random.uuid(), keyHash, atMs: clock.nowMs() });
    }
    return isRight;
  }

  return {
    async guard(account, address, check) {
      const keyHash = hash("sha256", `${account}\0${networkOf(address)}`, "buffer");
      const key = keyHash.toString("base64");
      const turn = (turns.get(key) ?? Promise.resolve()).then(
        () => takeTurn(keyHash, check),
        () => takeTurn(keyHash, check),
      );
      turns.set(key, turn);
      try {
        return await turn;
      } finally {
        if (turns.get(key) === turn) turns.delete(key);
      }
    },
  };
}

/** The address; of IPv6 the /64, within which one machine can have any number. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = "", tail] = address.replace(/%.*$/, "").split("::");
  const groups = head === "" ? [] : head.split(":");
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(":").length;
  const all = [
    ...groups,
    ...Array<string>(Math.max(0, missing)).fill("0"),
    ...(tail ?? "").split(":"),
  ];
  return all
    .slice(0, 4)
    .map((group) => Number.parseInt(group || "0", 16).toString(16))
    .join(":");
}
