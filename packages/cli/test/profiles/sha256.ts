import { createHash } from "node:crypto";

/** Another implementation than the client's own. */
export function sha256(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}
