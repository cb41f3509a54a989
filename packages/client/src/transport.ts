import { parseHttpDate } from "@conch/contract/time";
import { ClientError, type Fault } from "./errors.ts";

/** One request as it is put on the wire. */
export interface WireRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The body's text; `undefined` sends none, and no Content-Type. */
  readonly body: string | undefined;
}

/** One reply, read whole. */
export interface WireReply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** What an observer is told. Secrets are in it: whoever prints it masks them. */
export type WireEvent =
  | { readonly type: "request"; readonly request: WireRequest }
  | { readonly type: "reply"; readonly request: WireRequest; readonly reply: WireReply }
  | { readonly type: "failure"; readonly request: WireRequest; readonly fault: Fault }
  | { readonly type: "retry"; readonly request: WireRequest; readonly delayMs: number }
  | { readonly type: "redirect"; readonly request: WireRequest; readonly location: string };

/** What the transport is made from. */
export interface TransportOptions {
  /** As `normalizeBaseUrl` returns it; no redirect leads elsewhere. */
  readonly baseUrl: string;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Resolves after so many milliseconds; rejects when the signal aborts. Without it nothing is retried. */
  readonly sleep?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined;
  /** In [0, 1); spreads the retries of many clients. */
  readonly random?: (() => number) | undefined;
  /**
   * Opens a connection to the request's host and closes it again. It tells a slow server from one
   * that cannot be reached, which `fetch` alone cannot; used only when a reply takes long.
   */
  readonly probe?: ((url: URL, signal: AbortSignal) => Promise<void>) | undefined;
  /** The variable that names the proxy that `fetch` goes through, for errors. */
  readonly proxy?: string | undefined;
  readonly observe?: ((event: WireEvent) => void) | undefined;
  /** For a whole call, retries and redirects included. */
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly replyBytesMax: number;
}

const ATTEMPTS_MAX = 3;
const BACKOFF_MS = 200;
const RETRY_AFTER_MS_MAX = 5_000;
const REDIRECTS_MAX = 5;
const RETRIED_STATUSES: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);
const TLS_FAULT = /CERT|TLS|SSL|SIGN|ISSUER|EPROTO/u;

/**
 * `Retry-After` (RFC 9110 section 10.2.3) in milliseconds from now; `null` where there is none that
 * can be read. A date is compared with the reply's own, so that no wrong clock of ours matters.
 */
export function retryAfterMs(headers: Headers): number | null {
  const text = headers.get("retry-after") ?? "";
  if (/^\d{1,6}$/u.test(text)) return Number(text) * 1000;
  const untilMs = parseHttpDate(text);
  const nowMs = parseHttpDate(headers.get("date") ?? "");
  return untilMs === null || nowMs === null ? null : Math.max(0, untilMs - nowMs);
}

/**
 * Sends a request: with time limits, a limit on the reply, redirects below the base URL, and
 * retries of what reads only.
 *
 * @throws ClientError `unreachable`, `timeout`, `tls`, `incompatible_reply`
 */
export async function send(options: TransportOptions, request: WireRequest): Promise<WireReply> {
  const deadline = AbortSignal.timeout(options.timeoutMs);
  for (let attempt = 1; ; attempt += 1) {
    const isLast = attempt === ATTEMPTS_MAX || request.method !== "GET" || !options.sleep;
    let delayMs = BACKOFF_MS * 2 ** (attempt - 1) * (0.5 + (options.random?.() ?? 0.5));
    try {
      const reply = await follow(options, request, deadline);
      if (isLast || !RETRIED_STATUSES.has(reply.status)) return reply;
      delayMs = Math.max(delayMs, retryAfterMs(reply.headers) ?? 0);
      if (delayMs > RETRY_AFTER_MS_MAX) return reply;
    } catch (error) {
      if (isLast || !(error instanceof ClientError) || error.fault.kind !== "unreachable") {
        throw error;
      }
    }
    options.observe?.({ type: "retry", request, delayMs });
    await options.sleep(delayMs, deadline).catch(() => undefined);
  }
}

async function follow(
  options: TransportOptions,
  first: WireRequest,
  deadline: AbortSignal,
): Promise<WireReply> {
  let request = first;
  for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects += 1) {
    const reply = await exchange(options, request, deadline);
    const location = reply.headers.get("location");
    const isRedirect = [301, 302, 303, 307, 308].includes(reply.status) && location !== null;
    if (!isRedirect) return reply;
    const fault = (reason: string) =>
      new ClientError(nameOf(request), {
        kind: "incompatible_reply",
        status: reply.status,
        reason,
      });
    const target = URL.canParse(location, request.url) ? new URL(location, request.url) : null;
    if (target === null || !isBelow(target, new URL(options.baseUrl))) {
      const place = target === null ? "no URL" : `not below ${options.baseUrl}`;
      throw fault(`the server redirects to another place (${place}), where no credential is sent`);
    }
    if (request.method !== "GET" && reply.status < 307) {
      throw fault("the server redirects a request that changes something");
    }
    options.observe?.({ type: "redirect", request, location: target.href });
    request = { ...request, url: target.href };
  }
  throw new ClientError(nameOf(first), {
    kind: "incompatible_reply",
    status: 302,
    reason: "the server redirects in circles",
  });
}

function isBelow(target: URL, base: URL): boolean {
  const folder = base.pathname.replace(/\/*$/u, "/");
  return target.origin === base.origin && `${target.pathname}/`.startsWith(folder);
}

async function exchange(
  options: TransportOptions,
  request: WireRequest,
  deadline: AbortSignal,
): Promise<WireReply> {
  options.observe?.({ type: "request", request });
  const connecting = new AbortController();
  const stopWatch = watchConnection(options, request.url, connecting);
  try {
    const response = await options.fetch(request.url, {
      method: request.method,
      headers: request.headers,
      ...(request.body === undefined ? {} : { body: request.body }),
      redirect: "manual",
      signal: AbortSignal.any([deadline, connecting.signal]),
    });
    stopWatch();
    const text = await readText(response, options.replyBytesMax, request);
    const reply = { status: response.status, headers: response.headers, text };
    options.observe?.({ type: "reply", request, reply });
    return reply;
  } catch (error) {
    const fault = faultOf(error, options, deadline, connecting.signal);
    options.observe?.({ type: "failure", request, fault });
    throw error instanceof ClientError ? error : new ClientError(nameOf(request), fault, error);
  } finally {
    stopWatch();
  }
}

/**
 * `fetch` has no time limit for connecting alone. So halfway to that limit a second connection is
 * tried: when neither it nor the reply has come by the limit, the host cannot be reached.
 */
function watchConnection(
  options: TransportOptions,
  url: string,
  connecting: AbortController,
): () => void {
  const { probe, sleep, connectTimeoutMs } = options;
  const done = new AbortController();
  if (probe === undefined || sleep === undefined) return () => undefined;
  const watch = async () => {
    await sleep(connectTimeoutMs / 2, done.signal);
    const limit = AbortSignal.any([done.signal, AbortSignal.timeout(connectTimeoutMs / 2)]);
    await probe(new URL(url), limit).catch(() => {
      if (limit.aborted && !done.signal.aborted) connecting.abort();
    });
  };
  watch().catch(() => undefined);
  return () => done.abort();
}

async function readText(
  response: Response,
  bytesMax: number,
  request: WireRequest,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > bytesMax) {
      throw new ClientError(nameOf(request), {
        kind: "incompatible_reply",
        status: response.status,
        reason: `the answer is larger than ${bytesMax} bytes`,
      });
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function faultOf(
  error: unknown,
  options: TransportOptions,
  deadline: AbortSignal,
  connecting: AbortSignal,
): Fault {
  if (error instanceof ClientError) return error.fault;
  if (connecting.aborted) {
    return { kind: "timeout", phase: "connect", limitMs: options.connectTimeoutMs };
  }
  if (deadline.aborted) return { kind: "timeout", phase: "reply", limitMs: options.timeoutMs };
  const code = codeOf(error);
  const reason = REASONS[code] ?? (code === "" ? messageOf(error) : code);
  return TLS_FAULT.test(code)
    ? { kind: "tls", reason: `the secure connection failed: ${reason}` }
    : { kind: "unreachable", reason: reason + byWayOf(options) };
}

function byWayOf({ proxy }: TransportOptions): string {
  return proxy === undefined ? "" : `, by way of the proxy that ${proxy} names`;
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ConnectionRefused: "connection refused",
  ENOTFOUND: "the host name is not known",
  EAI_AGAIN: "the host name cannot be looked up now",
  ECONNRESET: "the connection broke",
  ConnectionClosed: "the connection broke",
  ERR_PROXY_TUNNEL: "it was not passed on",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "no route to the network",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the certificate is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "the certificate chain is self-signed",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the certificate is from an unknown authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "the certificate is from an unknown authority",
  CERT_HAS_EXPIRED: "the certificate has expired",
  ERR_TLS_CERT_ALTNAME_INVALID: "the certificate is for another host",
  EPROTO: "the server does not speak TLS on this port",
};

/** Node puts the system's error below `cause`; Bun on the error itself. */
function codeOf(error: unknown): string {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ("code" in current && typeof current.code === "string") return current.code;
  }
  return "";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "the request failed";
}

/** A request in an error's text: without the query, which may hold what the user typed. */
function nameOf(request: WireRequest): string {
  return `${request.method} ${request.url.split("?")[0] ?? ""}`;
}
