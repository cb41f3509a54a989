import { createHash } from "node:crypto";
import { type Key, keyOfHash } from "../src/core/key.ts";

/** The key of a credential that is named by any text. */
export function keyOf(text: string): Key {
  return keyOfHash(createHash("sha256").update(text).digest());
}
