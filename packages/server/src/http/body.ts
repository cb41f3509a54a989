import { parseExactJson } from "@conch/contract/exact-json";
import { ApiError } from "../errors.ts";
import type { Timers } from "../services/clock.ts";

const UTF_8 = /^utf-?8$/i;
const MEDIA_TYPES = { json: "application/json", form: "application/x-www-form-urlencoded" };

/** What a body may take. */
export interface BodyLimits {
  readonly bytes: number;
  /** From when it is first asked for to its end: a sender that dawdles would hold a connection for ever. */
  readonly timeMs: number;
  readonly timers: Timers;
}

/**
 * A request's body as a value: parsed JSON, `undefined` where there is none; or the fields of a form.
 *
 * @throws ApiError 415, 413, 408, or 400 `invalid_json`.
 */
export async function readBody(
  request: Request,
  type: "json" | "form",
  limits: BodyLimits,
): Promise<unknown> {
  if (!hasBody(request.headers)) return type === "json" ? undefined : {};
  checkMediaType(request.headers.get("content-type"), MEDIA_TYPES[type]);
  checkEncoding(request.headers.get("content-encoding"));
  const text = decode(await readInTime(request, limits));
  if (type === "form") return parseForm(text);
  return text.trim() === "" ? undefined : parseJson(text);
}

function hasBody(headers: Headers): boolean {
  const length = headers.get("content-length");
  return headers.has("transfer-encoding") || (length !== null && length !== "0");
}

/** A body without a type is taken for the right one: RFC 9110 section 8.3 leaves it to us. */
function checkMediaType(header: string | null, expected: string): void {
  if (header === null) return;
  const [essence = "", ...parameters] = header.split(";");
  const charset = parameters
    .map((parameter) => parameter.trim().split("=", 2))
    .find(([name]) => name?.toLowerCase() === "charset")?.[1];
  const isUtf8 = charset === undefined || UTF_8.test(charset.replaceAll('"', ""));
  if (essence.trim().toLowerCase() !== expected || !isUtf8) {
    throw new ApiError("unsupported_media_type", {
      message: `the body must be of type ${expected}`,
    });
  }
}

/** RFC 9110 section 8.4: a coding that is not understood is no malformed text. */
function checkEncoding(header: string | null): void {
  if (header === null || header.trim().toLowerCase() === "identity") return;
  throw new ApiError("unsupported_media_type", { message: "the body must not be compressed" });
}

async function readInTime(
  request: Request,
  { bytes, timeMs, timers }: BodyLimits,
): Promise<Uint8Array> {
  const late = Promise.withResolvers<never>();
  // What is still to come is not read any more, so that no request can follow on this connection.
  const headers = { connection: "close" };
  const timer = timers.set(() => late.reject(new ApiError("request_timeout", { headers })), timeMs);
  const body = readBytes(request, bytes);
  try {
    return await Promise.race([body, late.promise]);
  } finally {
    timer.cancel();
    body.catch(() => {});
  }
}

async function readBytes(request: Request, limitBytes: number): Promise<Uint8Array> {
  const tooLarge = () =>
    new ApiError("body_too_large", { message: `the body must not exceed ${limitBytes} bytes` });
  if (Number(request.headers.get("content-length") ?? 0) > limitBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of request.body ?? []) {
      size += chunk.byteLength;
      if (size > limitBytes) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof ApiError) throw error;
    // The sender has gone: nobody is told, and it is no fault of the server's.
    throw new ApiError("invalid_request", { message: "the body ended early", cause: error });
  }
  return Buffer.concat(chunks);
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new ApiError("invalid_json", { message: "the body is not UTF-8" });
  }
}

const DEPTH_MAX = 100;

function parseJson(text: string): unknown {
  if (depthOf(text) > DEPTH_MAX) {
    const message = `the body must not be nested deeper than ${DEPTH_MAX} levels`;
    throw new ApiError("invalid_json", { message });
  }
  let parsed: ReturnType<typeof parseExactJson>;
  try {
    parsed = parseExactJson(text);
  } catch {
    // The parser's own message quotes the body, which may hold a password.
    throw new ApiError("invalid_json", { message: "the body is not JSON" });
  }
  if (parsed.isExact) return parsed.value;
  const message = "the body holds a number too large to be kept as it is: send it as a string";
  throw new ApiError("invalid_json", { message });
}

/** How deep a JSON text nests. Parsers and printers recurse: far enough in, the stack ends. */
function depthOf(text: string): number {
  let depth = 0;
  let depthMax = 0;
  let isInString = false;
  // Not a regular expression: on a long string one takes half a second, and everybody waits.
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === '"') isInString = !isInString;
    else if (isInString) index += character === "\\" ? 1 : 0;
    else if (character === "[" || character === "{") depth += 1;
    else if (character === "]" || character === "}") depth -= 1;
    depthMax = Math.max(depth, depthMax);
  }
  return depthMax;
}

function parseForm(text: string): Record<string, string> {
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    // RFC 6749 section 3.2: parameters must not be included more than once.
    if (fields.has(name)) {
      throw new ApiError("invalid_request", { message: `${name}: given more than once` });
    }
    fields.set(name, value);
  }
  return Object.fromEntries(fields);
}
