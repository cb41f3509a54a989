/** Finds the end of HTTP/1.1 responses on a connection with one request in flight. */

const HEAD_END = Buffer.from("\r\n\r\n");
const CHUNKS_END = "\r\n0\r\n\r\n";
const STATUS_OFFSET = "HTTP/1.1 ".length;

/** `null` while the response is incomplete, `ok` for a 200 as expected, else what is wrong. */
export type Outcome = string | null;

/** Where a response ends: `null` where the head is incomplete. */
function lengthOf(response: Buffer): number | null {
  const headLength = response.indexOf(HEAD_END);
  if (headLength === -1) return null;
  const head = response.toString("latin1", 0, headLength);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length !== undefined) return headLength + HEAD_END.length + Number(length);
  if (!/\r\ntransfer-encoding: *chunked/i.test(head)) return headLength + HEAD_END.length;
  const end = response.toString("latin1", headLength + 2).indexOf(CHUNKS_END);
  return end === -1 ? null : headLength + 2 + end + CHUNKS_END.length;
}

function isOk(response: Buffer): boolean {
  return response.toString("latin1", STATUS_OFFSET, STATUS_OFFSET + 3) === "200";
}

/** Reads the responses of one connection. `expect` is a text that each response must hold. */
export function createResponseReader(expect: string | undefined): {
  read(chunk: Buffer): Outcome;
} {
  let rest: Buffer | null = null;
  // Answers to the same request have the same length; then only the first one is taken apart.
  let lengthSeen = -1;

  return {
    read(chunk) {
      if (rest === null && expect === undefined && chunk.length === lengthSeen && isOk(chunk)) {
        return "ok";
      }
      const response = rest === null ? chunk : Buffer.concat([rest, chunk]);
      const length = lengthOf(response);
      if (length === null || response.length < length) {
        // Copied: the runtime reuses the memory of a chunk.
        rest = Buffer.from(response);
        return null;
      }
      rest = null;
      if (response.length > length) return "more than one response";
      const status = response.toString("latin1", STATUS_OFFSET, STATUS_OFFSET + 3);
      if (status !== "200") return `status ${status}`;
      if (expect !== undefined && !response.includes(expect)) return `an answer without ${expect}`;
      lengthSeen = length;
      return "ok";
    },
  };
}
