import { nodeFs } from "./builtins.ts";
import { errorCodeOf } from "./profiles/file-system.ts";

const RETRY_MS = 2;

/**
 * Writes bytes whole, and tells when it could not: `console.log` loses them on a full disk without a
 * word.
 *
 * @throws the platform's error
 */
export function writeWhole(descriptor: number, bytes: Uint8Array): void {
  let offset = 0;
  while (offset < bytes.length) {
    try {
      offset += nodeFs().writeSync(descriptor, bytes, offset);
    } catch (error) {
      if (errorCodeOf(error) !== "EAGAIN") throw error;
      // Somebody made the pipe non-blocking, and its reader is slow.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
