import type { Settings } from "@conch/contract";
import { ApiError } from "../errors.ts";
import type { Database } from "../store/database.ts";
import {
  findSetting,
  insertSettings,
  listSettings,
  putSetting,
  removeSetting,
  removeSettings,
} from "../store/setting.ts";
import { lockUser } from "../store/user.ts";

/** Free-form settings of a user: any key, any JSON value, `__proto__` and `null` included. */
export interface SettingService {
  list(userId: string): Promise<Settings>;
  /** Replaces all. @throws ApiError 400 where there are none. */
  replace(userId: string, settings: Settings): Promise<void>;
  /** @throws ApiError 404. */
  get(userId: string, key: string): Promise<Settings>;
  /** @throws ApiError 400 where `settings` is not exactly that key. */
  set(userId: string, key: string, settings: Settings): Promise<void>;
  /** @throws ApiError 404. */
  remove(userId: string, key: string): Promise<void>;
}

/** The longest key, in bytes of its JSON text: what an index takes on either database. */
const KEY_BYTES_MAX = 2400;

/** @throws ApiError 400 where the key is too long. */
function toKeyJson(key: string): string {
  const keyJson = JSON.stringify(key);
  if (Buffer.byteLength(keyJson) <= KEY_BYTES_MAX) return keyJson;
  const message = `body: a key must not be longer than ${KEY_BYTES_MAX} bytes`;
  throw new ApiError("invalid_request", { message });
}

/** Makes the service. */
export function createSettingService(database: Database): SettingService {
  return {
    async list(userId) {
      const pairs = await listSettings(database.db, userId);
      // fromEntries defines own properties, so that __proto__ is a key like any other.
      return Object.fromEntries(
        pairs.map(([key, value]) => [JSON.parse(key) as string, JSON.parse(value) as unknown]),
      );
    },

    async replace(userId, settings) {
      const entries = Object.entries(settings);
      if (entries.length === 0) {
        throw new ApiError("invalid_request", { message: "body: must hold at least one setting" });
      }
      const pairs = entries.map(([key, value]) => [toKeyJson(key), JSON.stringify(value)] as const);
      await database.write(async (tx) => {
        // What is stored in the same moment comes before all of this or after it.
        await lockUser(tx, userId);
        await removeSettings(tx, userId);
        await insertSettings(tx, database.capabilities, userId, pairs);
        return { value: undefined, changes: [] };
      });
    },

    async get(userId, key) {
      const valueJson = await findSetting(database.db, userId, JSON.stringify(key));
      if (valueJson === undefined) throw new ApiError("not_found");
      return Object.fromEntries([[key, JSON.parse(valueJson) as unknown]]);
    },

    async set(userId, key, settings) {
      const [entry, ...others] = Object.entries(settings);
      if (entry === undefined || entry[0] !== key || others.length > 0) {
        const message = `body: must hold exactly the key ${JSON.stringify(key)}`;
        throw new ApiError("invalid_request", { message });
      }
      const [keyJson, valueJson] = [toKeyJson(key), JSON.stringify(entry[1])];
      await database.write(async (tx) => {
        await lockUser(tx, userId);
        await putSetting(tx, userId, keyJson, valueJson);
        return { value: undefined, changes: [] };
      });
    },

    async remove(userId, key) {
      if (await removeSetting(database.db, userId, JSON.stringify(key))) return;
      throw new ApiError("not_found");
    },
  };
}
