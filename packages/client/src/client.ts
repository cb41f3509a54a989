import { API_VERSION_HEADER, MAIL_HEADER, REQUEST_ID_HEADER } from "@conch/contract/headers";
import { ErrorBody } from "@conch/contract/errors";
import type { BodyOf, ParamsOf, QueryOf, ReplyOf, Route } from "@conch/contract/route";
import { getVersion } from "@conch/contract/system";
import { buildRawUrl, buildUrl, InvalidUrlError, normalizeBaseUrl } from "./base-url.ts";
import { authorizationOf, type Credential } from "./credential.ts";
import { ClientError, type Refusal } from "./errors.ts";
import {
  retryAfterMs,
  send,
  type TransportOptions,
  type WireReply,
  type WireRequest,
} from "./transport.ts";
import { judgeVersion } from "./version.ts";

/** What a client is made from. */
export interface ClientOptions extends Partial<
  Pick<TransportOptions, "timeoutMs" | "connectTimeoutMs" | "replyBytesMax">
> {
  /** Where the API lives, base path included. */
  readonly baseUrl: string;
  readonly fetch: TransportOptions["fetch"];
  /** Sent with every request but `login` and `getVersion`; `null` sends none. */
  readonly credential: Credential | null;
  /** `name/version (platform)`: says honestly who calls. */
  readonly userAgent: string;
  readonly sleep?: TransportOptions["sleep"];
  readonly random?: TransportOptions["random"];
  readonly probe?: TransportOptions["probe"];
  readonly proxy?: TransportOptions["proxy"];
  readonly observe?: TransportOptions["observe"];
  /** Whether the server's version is looked at; `true` unless told otherwise. */
  readonly checkVersion?: boolean;
  /** Told once when the server's version cannot be judged; the call goes on. */
  readonly onUnknownVersion?: (version: string) => void;
}

/** What to send to a route; only what the route has. */
export type CallInput<R extends Route> = OptionalIfUndefined<"params", ParamsOf<R>> &
  OptionalIfUndefined<"query", QueryOf<R>> &
  OptionalIfUndefined<"body", BodyOf<R>> & {
    /** The time limit of this call; the client's where absent. */
    readonly timeoutMs?: number | undefined;
  };

type OptionalIfUndefined<K extends string, V> = undefined extends V
  ? { readonly [P in K]?: V }
  : Record<string, never> extends V
    ? { readonly [P in K]?: V }
    : { readonly [P in K]: V };

/** A successful answer. */
export interface Reply<T> {
  readonly status: number;
  /** As the contract's schema read it. */
  readonly body: T;
  readonly headers: Headers;
  /** What became of the mail that the request caused: handed on, left as a file, or there was none. */
  readonly mail: "sent" | "file" | null;
}

/** A client for one server with one credential. */
export interface Client {
  readonly baseUrl: string;
  /** Calls a route of the contract. @throws ClientError */
  call<R extends Route>(route: R, input: CallInput<R>): Promise<Reply<ReplyOf<R>>>;
  /** Calls any path; the body is any JSON text, or none. @throws ClientError */
  callRaw(method: "GET" | "POST" | "DELETE", path: string, body?: string): Promise<WireReply>;
  /** The server's version as it says it. @throws ClientError */
  serverVersion(): Promise<string>;
}

const TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 5_000;
const REPLY_BYTES_MAX = 32 * 1024 * 1024;

/** What is needed of a call's input here, whatever its route. */
interface AnyInput {
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  readonly query?: Readonly<Record<string, unknown>> | undefined;
  readonly body?: unknown;
  readonly timeoutMs?: number | undefined;
}

/**
 * Makes a client. Nothing is sent before the first call.
 *
 * The server's version is looked at before anything that changes something, and on the answer (each
 * carries it) of what only reads, so that a read takes one request.
 *
 * @throws InvalidUrlError where `baseUrl` is none.
 */
export function createClient(options: ClientOptions): Client {
  const place = normalizeBaseUrl(options.baseUrl);
  if (!place.ok) throw new InvalidUrlError(`the base URL is not one of an API: ${place.why}`);
  const baseUrl = place.url;
  const transport: TransportOptions = {
    ...options,
    baseUrl,
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    connectTimeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    replyBytesMax: options.replyBytesMax ?? REPLY_BYTES_MAX,
  };
  const headers: Record<string, string> = {
    Accept: "application/json",
    "User-Agent": options.userAgent,
    ...(options.credential === null ? {} : { Authorization: authorizationOf(options.credential) }),
  };
  let versionIsChecked = options.checkVersion === false;

  async function serverVersion(): Promise<string> {
    const { Authorization: _, ...publicHeaders } = headers;
    const request = { method: "GET", url: baseUrl + getVersion.path, headers: publicHeaders };
    const reply = await send(transport, { ...request, body: undefined });
    return parseReply(getVersion, `GET ${request.url}`, reply).version;
  }

  function judge(version: string): void {
    const verdict = judgeVersion(version);
    versionIsChecked = true;
    if (verdict === "unknown") options.onUnknownVersion?.(version);
    if (verdict === "incompatible") {
      throw new ClientError(`GET ${baseUrl}`, { kind: "incompatible_server", version });
    }
  }

  async function exchange(request: WireRequest, timeoutMs?: number): Promise<WireReply> {
    if (!versionIsChecked && request.method !== "GET") judge(await serverVersion());
    const reply = await send(timeoutMs ? { ...transport, timeoutMs } : transport, request);
    if (!versionIsChecked) judge(reply.headers.get(API_VERSION_HEADER) ?? (await serverVersion()));
    return reply;
  }

  return {
    baseUrl,
    serverVersion,
    async call<R extends Route>(route: R, input: CallInput<R>) {
      const { params, query, body, timeoutMs }: AnyInput = input;
      const name = `${route.method} ${baseUrl}${route.path}`;
      const url = checked(name, () => buildUrl(baseUrl, route.path, params, query));
      const request = withBody({ method: route.method, url, headers }, route.bodyType, body);
      const answer = exchange(request, timeoutMs);
      // Made while the server works: in a process that has just started this takes milliseconds.
      void route.replies;
      const reply = await answer;
      const mail = reply.headers.get(MAIL_HEADER);
      return {
        status: reply.status,
        body: parseReply(route, `${route.method} ${url.split("?")[0]}`, reply),
        headers: reply.headers,
        mail: mail === "sent" || mail === "file" ? mail : null,
      };
    },
    async callRaw(method, path, body) {
      const url = checked(`${method} ${baseUrl}`, () => buildRawUrl(baseUrl, path));
      const contentType = { "Content-Type": "application/json" };
      const reply = await exchange({
        method,
        url,
        headers: body === undefined ? headers : { ...headers, ...contentType },
        body,
      });
      if (reply.status >= 300) throw refusal(`${method} ${url.split("?")[0]}`, reply);
      return reply;
    },
  };
}

function withBody(
  request: Omit<WireRequest, "body">,
  type: Route["bodyType"],
  body: unknown,
): WireRequest {
  if (body === undefined || body === null) return { ...request, body: undefined };
  const isForm = type === "form";
  return {
    ...request,
    headers: {
      ...request.headers,
      "Content-Type": isForm ? "application/x-www-form-urlencoded" : "application/json",
    },
    body: isForm
      ? new URLSearchParams(body as Record<string, string>).toString()
      : JSON.stringify(body),
  };
}

function checked(request: string, makeUrl: () => string): string {
  try {
    return makeUrl();
  } catch (error) {
    if (!(error instanceof InvalidUrlError)) throw error;
    throw new ClientError(request, { kind: "invalid_request", reason: error.message }, error);
  }
}

function parseReply<R extends Route>(route: R, request: string, reply: WireReply): ReplyOf<R> {
  const schema = route.replies[reply.status];
  if (schema === undefined) throw refusal(request, reply);
  if (schema === null) return undefined as ReplyOf<R>;
  const incompatible = (reason: string) =>
    new ClientError(request, { kind: "incompatible_reply", status: reply.status, reason });
  const json = parseJson(reply.text);
  if (json === undefined) throw incompatible("the answer is not JSON");
  // Compiling a parser takes longer than reading one answer without.
  const result = schema.safeParse(json, { jitless: true });
  if (result.success) return result.data as ReplyOf<R>;
  const issue = result.error.issues[0];
  const place = issue?.path.map(String).join(".") ?? "";
  throw incompatible(
    `the answer has not the shape that was expected${place === "" ? "" : ` (at ${place})`}: ${issue?.message ?? ""}`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const STANDARD_TEXTS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  413: "Payload Too Large",
  415: "Unsupported Media Type",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

function refusal(request: string, reply: WireReply): ClientError {
  const { status, headers } = reply;
  const json = parseJson(reply.text);
  const parsed = ErrorBody().safeParse(json);
  const body = parsed.success ? parsed.data : null;
  if (status === 407) {
    const reason = "the proxy asks for a user name and a password";
    return new ClientError(request, { kind: "unreachable", reason });
  }
  // A page of a web server says nothing of what was asked for: it must not pass for "it is gone".
  const isPage = status === 404 && json === undefined && reply.text.trim() !== "";
  if (status < 400 || isPage) {
    const reason = `the server answered ${status}, which is not an answer to this request`;
    return new ClientError(request, { kind: "incompatible_reply", status, reason });
  }
  const text = (body?.error ?? "").trim();
  const details: Refusal = {
    status,
    code: body?.code ?? null,
    text: text === "" ? (STANDARD_TEXTS[status] ?? "the server gave no reason") : text,
    requestId: body?.request_id ?? headers.get(REQUEST_ID_HEADER),
    user: body?.user ?? null,
    retryAfterMs: retryAfterMs(headers),
  };
  const kind = kindOf(status);
  if (kind !== "unauthorized") return new ClientError(request, { kind, ...details });
  const passwordChangeRequired = leadsToPasswordChange(headers);
  return new ClientError(request, { kind, passwordChangeRequired, ...details });
}

/** Whether the answer says that a new password must be set before anything else. */
export function leadsToPasswordChange(headers: Headers): boolean {
  return /\/user\/me\/password(?:$|[?#])/u.test(headers.get("location") ?? "");
}

function kindOf(status: number) {
  if (status === 401) return "unauthorized";
  if (status === 403) return "forbidden";
  if (status === 404) return "not_found";
  // RFC 9110 §15.5.9: the same request may be good when it is sent again.
  const isTemporary = status === 408 || status === 429 || status >= 500;
  return isTemporary ? "failing" : "refused";
}
