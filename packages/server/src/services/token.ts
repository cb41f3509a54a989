import {
  type NewUserToken,
  type Rights,
  type UserToken,
  compareCodePoints,
  createToken,
  parseTimestamp,
  tokenNameFault,
  toTimestamp,
  toTimestampOrNull,
} from "@conch/contract";
import type { Kysely } from "kysely";
import { ApiError } from "../errors.ts";
import { TOKEN_KEPT_MS } from "../store/pruning.ts";
import type { Schema, TokenRow, UserRow } from "../store/schema.ts";
import { insertToken, listApiTokens, releaseExpiredName, revokeTokens } from "../store/token.ts";
import { lockUser } from "../store/user.ts";
import type { AccountTools } from "./account-tools.ts";
import { lockCaller } from "./caller.ts";
import { type Revocation, runRevocation } from "./confirmation.ts";
import type { UsageCollector } from "./usage.ts";
import { lockActiveUser } from "./user-identifier.ts";
import { type Caller, credentialHash } from "./verification.ts";

/** What a new token may ask for. */
export interface TokenRequest {
  readonly name: string;
  readonly expires?: string | undefined;
  readonly rights?: Rights | undefined;
}

/** API tokens of one user: whose is for the route to have checked. */
export interface TokenService {
  /** By name in code point order, then by age; expired ones for 30 days. */
  list(userId: string): Promise<UserToken[]>;
  /**
   * Makes a token of the caller's.
   *
   * @throws ApiError 400 `name_in_use` or `invalid_expiry`; 401 where the caller's credential was
   *   revoked meanwhile.
   */
  create(caller: Caller, request: TokenRequest): Promise<NewUserToken>;
  /** The live token of that name, else the one that expired last. @throws ApiError 404. */
  get(userId: string, name: string): Promise<UserToken>;
  /** Removes the token of that name, and expired ones that had it. @throws ApiError 404. */
  remove(userId: string, name: string): Promise<Revocation>;
  /** The same of an active user named as in paths. @throws ApiError 400 `invalid_identifier`, 404. */
  removeOf(caller: Caller, identifier: string, name: string): Promise<Revocation>;
}

/** How long API tokens live, milliseconds. */
export interface TokenLifetimes {
  readonly tokenMs: number;
  readonly tokenMsMax: number;
}

/** Makes the service. */
export function createTokenService(
  options: Pick<AccountTools, "database" | "clock" | "random"> & {
    readonly usage: Pick<UsageCollector, "latestMs">;
    readonly lifetimes: TokenLifetimes;
  },
): TokenService {
  const { database, clock, random, usage, lifetimes } = options;

  function expiryOf(expires: string | undefined, nowMs: number): number {
    if (expires === undefined) return nowMs + lifetimes.tokenMs;
    const atMs = parseTimestamp(expires) ?? Number.NaN;
    const lastMs = nowMs + lifetimes.tokenMsMax;
    if (atMs > nowMs && atMs <= lastMs) return atMs;
    const message =
      atMs > lastMs
        ? `expires: must not be after ${toTimestamp(lastMs)}`
        : "expires: must be in the future";
    throw new ApiError("invalid_expiry", { message });
  }

  /** None for a name that cannot be: a database may refuse even to compare with it. */
  async function findNamed(db: Kysely<Schema>, userId: string, name: string): Promise<TokenRow[]> {
    if (tokenNameFault(name) !== null) return [];
    return listApiTokens(db, userId, clock.nowMs() - TOKEN_KEPT_MS, name);
  }

  /** @param lockOwner finds the user, and locks the row: a write, so that a 404 rests on a commit. */
  async function remove(
    name: string,
    lockOwner: (tx: Kysely<Schema>) => Promise<UserRow>,
  ): Promise<Revocation> {
    const { revocation } = await runRevocation(database, async (tx) => {
      const { id: userId } = await lockOwner(tx);
      const rows = await findNamed(tx, userId, name);
      if (rows.length === 0) throw new ApiError("not_found");
      const ids = rows.map(({ id }) => id);
      await revokeTokens(tx, ids, clock.nowMs());
      return {
        value: undefined,
        changes: ids.map((tokenId) => ({ kind: "token", tokenId, userId })),
      };
    });
    return revocation;
  }

  function describe(row: TokenRow): UserToken {
    return {
      name: row.name,
      created: toTimestamp(row.created_at_ms),
      last_used: toTimestampOrNull(usage.latestMs(row.id, row.last_used_at_ms)),
      expires: toTimestamp(row.expires_at_ms),
      rights: row.rights,
    };
  }

  return {
    async list(userId) {
      const listedSinceMs = clock.nowMs() - TOKEN_KEPT_MS;
      const rows = await listApiTokens(database.db, userId, listedSinceMs);
      return rows.sort(byName).map(describe);
    },

    async create(caller, request) {
      const userId = caller.user.id;
      const nowMs = clock.nowMs();
      const token = createToken((count) => random.bytes(count));
      const row: TokenRow = {
        id: random.uuid(),
        user_id: userId,
        kind: "api",
        name: request.name,
        held_name: request.name,
        hash: credentialHash(token),
        rights: request.rights ?? "full",
        created_at_ms: nowMs,
        expires_at_ms: expiryOf(request.expires, nowMs),
        revoked_at_ms: null,
        last_used_at_ms: null,
      };
      await database.write(async (tx) => {
        await lockCaller(tx, caller);
        await releaseExpiredName(tx, userId, request.name, nowMs);
        if (await insertToken(tx, row)) return { value: undefined, changes: [] };
        throw new ApiError("name_in_use", { message: `name "${request.name}" is already in use` });
      });
      return { ...describe(row), token };
    },

    async get(userId, name) {
      const rows = await findNamed(database.db, userId, name);
      const [latest] = rows.sort((left, right) => right.expires_at_ms - left.expires_at_ms);
      const row = rows.find(({ held_name }) => held_name === name) ?? latest;
      if (row === undefined) throw new ApiError("not_found");
      return describe(row);
    },

    remove: (userId, name) =>
      remove(name, async (tx) => {
        const user = await lockUser(tx, userId);
        if (user === undefined) throw new ApiError("unauthorized");
        return user;
      }),
    removeOf: (caller, identifier, name) =>
      remove(name, (tx) => lockActiveUser(tx, caller, identifier)),
  };
}

function byName(left: TokenRow, right: TokenRow): number {
  return compareCodePoints(left.name, right.name) || left.created_at_ms - right.created_at_ms;
}
