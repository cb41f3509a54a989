import { errorCodeOf } from "./file-system.ts";
import { JsonSyntaxError } from "./json-document.ts";

const FAILURES: Record<string, string> = {
  EACCES: "permission denied",
  EBADF: "it is closed",
  EBUSY: "it is mounted or in use",
  EDQUOT: "the disk quota is used up",
  EIO: "the disk failed",
  EISDIR: "it is a directory",
  ELOOP: "its symbolic links go round in a circle",
  EMFILE: "too many open files",
  ENAMETOOLONG: "the name is too long",
  ENOENT: "there is no such file or directory",
  ENOSPC: "no space left on the device",
  ENOTDIR: "a part of the path is not a directory",
  ENXIO: "it is a socket, or a device that is not there",
  EOPNOTSUPP: "it is a socket",
  EPERM: "not permitted",
  EPIPE: "its reader went away",
  EROFS: "the file system is read-only",
};

/** What went wrong with a file, in words, with the platform's code. */
export function describeFailure(error: unknown): string {
  const code = errorCodeOf(error);
  if (code !== undefined) return `${FAILURES[code] ?? "failed"} (${code})`;
  return error instanceof Error ? error.message : String(error);
}

/**
 * The text of a file: UTF-8, with or without a byte order mark. Bytes that are none are an error, not
 * replaced, because they would be lost at the next write.
 *
 * @throws JsonSyntaxError
 */
export function decodeUtf8(bytes: Uint8Array): string {
  const isUtf16 = bytes[0] === 0xff ? bytes[1] === 0xfe : bytes[0] === 0xfe && bytes[1] === 0xff;
  if (isUtf16) throw new JsonSyntaxError("", 0, "this is UTF-16; save it as UTF-8");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw invalidUtf8(bytes);
  }
}

function invalidUtf8(bytes: Uint8Array): JsonSyntaxError {
  // The longest prefix that is UTF-8, found by halving: what follows it is not.
  let valid = 0;
  let end = bytes.length;
  while (valid < end) {
    const middle = Math.ceil((valid + end) / 2);
    if (decodePrefix(bytes, middle) === null) end = middle - 1;
    else valid = middle;
  }
  const before = decodePrefix(bytes, valid) ?? "";
  return new JsonSyntaxError(before, before.length, "bytes that are not UTF-8");
}

/** The text of the first `length` bytes, or `null`; a character that is cut off at the end is allowed. */
function decodePrefix(bytes: Uint8Array, length: number): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length), {
      stream: true,
    });
  } catch {
    return null;
  }
}
