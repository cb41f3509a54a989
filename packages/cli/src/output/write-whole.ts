import { writeSync } from "node:fs";
import { errorCodeOf } from "../profiles/file-system.ts";

const RETRY_MS = 2;

/**
 * Writes a text whole, and tells when it could not: `console.log` loses it on a full disk without a
 * word. A reader that went away (`| head -1`) has seen what it wanted.
 *
 * @throws the platform's error
 */
export function writeWhole(descriptor: number, text: string): void {
  const bytes = new TextEncoder().encode(text);
  let offset = 0;
  while (offset < bytes.length) {
    try {
      offset += writeSync(descriptor, bytes, offset);
    } catch (error) {
      const code = errorCodeOf(error);
      if (code === "EPIPE") return;
      if (code !== "EAGAIN") throw error;
      // Somebody made the pipe non-blocking, and its reader is slow.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
