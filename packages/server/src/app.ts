import {
  API_VERSION,
  API_VERSION_HEADER,
  type ErrorBody,
  REQUEST_ID_HEADER,
  type Route,
  pollChanges,
  verifyCredential,
} from "@conch/contract";
import { ApiError, retryLater } from "./errors.ts";
import { CHALLENGE, checkAccess } from "./http/access.ts";
import { type BodyLimits, readBody } from "./http/body.ts";
import type { ClientAddresses } from "./http/client-address.ts";
import { bearerOf } from "./http/credential.ts";
import type { Implementation, UncheckedResult } from "./http/implementation.ts";
import type { Connections, RequestIdOf } from "./http/request-id.ts";
import { type RoutePath, createRoutePath } from "./http/route-path.ts";
import { parseBody, parseQuery } from "./http/validation.ts";
import { type LogLevel, type Logger, describeError } from "./logging.ts";
import type { Clock } from "./services/clock.ts";
import type { UsageCollector } from "./services/usage.ts";
import type { Caller, Verifier } from "./services/verification.ts";
import { DatabaseUnavailableError, RevocationUnconfirmedError } from "./store/errors.ts";

/** What the app is given. */
export interface AppOptions {
  readonly implementations: readonly Implementation[];
  /** Beside the contract: operators' and readers' pages, GET and HEAD only, by path. */
  readonly pages: Readonly<Record<string, Page>>;
  readonly verifier: Verifier;
  /** The same, uncounted: for a request that was counted already. */
  readonly verifierAgain: Verifier;
  /** Before an administrator changes something of others. @throws ApiError 401, 403. */
  readonly confirmAdmin: (caller: Caller) => Promise<void>;
  readonly usage: UsageCollector;
  readonly clientAddresses: ClientAddresses;
  readonly bodyLimits: BodyLimits;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly requestIdOf: RequestIdOf;
  /** Told of each answer. */
  readonly onAnswer: (method: string, route: string, status: number) => void;
  /** Whether clients should take their next request elsewhere. */
  readonly isDraining: () => boolean;
}

/** A page: what it answers to GET, and without the body to HEAD. */
export type Page = (visit: Visit) => Response | Promise<Response>;

/** Who looks at a page. */
export interface Visit {
  readonly request: Request;
  /** The client's address, a trusted proxy's word taken. */
  readonly clientAddress: string;
}

/** Answers requests; neither throws nor rejects. */
export type RequestHandler = (
  request: Request,
  connections: Connections,
) => Response | Promise<Response>;

/** The app as `Bun.serve` takes it. */
export interface App {
  readonly routes: Readonly<Record<string, RequestHandler>>;
  /** For paths that no route has. */
  readonly fetch: RequestHandler;
}

/** One request on its way to an answer, and what the log says of it. */
interface Exchange {
  readonly request: Request;
  readonly requestId: string;
  readonly clientAddress: string;
  readonly startedMs: number;
  route: string | null;
  /** Whether the route is one of OAuth's, which has error bodies of its own. */
  takesForm?: boolean;
  userId?: string | undefined;
  tokenName?: string | undefined;
  error?: ApiError | undefined;
}

type Answer = (exchange: Exchange) => Promise<Response>;

const READY_PATH = "/health/ready";

/** Registers the contract's routes: one function a path, which tells methods apart itself. */
export function createApp(options: AppOptions): App {
  const routes: Record<string, RequestHandler> = {};
  const paths = Map.groupBy(options.implementations, ({ route }) => route.path);
  for (const [path, implementations] of paths) {
    const routePath = createRoutePath(path);
    routes[routePath.pattern] = createHandler(options, (exchange) =>
      answerRoute(options, routePath, implementations, exchange),
    );
  }
  for (const [path, page] of Object.entries(options.pages)) {
    const routePath = createRoutePath(path);
    routes[path] = createHandler(options, (exchange) => answerPage(routePath, page, exchange));
  }
  const notFound = () => Promise.reject(new ApiError("not_found"));
  return { routes, fetch: createHandler(options, notFound) };
}

/** Answers a request with an error. @param known for the log: who asks, and since when. */
export type Refuse = (
  request: Request,
  connections: Connections,
  error: ApiError,
  known: Partial<Pick<Exchange, "userId" | "tokenName" | "startedMs">>,
) => Promise<Response>;

/** Answers a route with errors that are known without asking its service. */
export function createRefusal(options: AppOptions, { path }: Route): Refuse {
  return async (request, connections, error, known) => {
    const refuse = createHandler(options, (exchange) => {
      Object.assign(exchange, { route: path, ...known });
      return Promise.reject(error);
    });
    return refuse(request, connections);
  };
}

function createHandler(options: AppOptions, answer: Answer): RequestHandler {
  return async (request, connections) => {
    const exchange = begin(options, request, connections);
    let response: Response;
    try {
      requireOneHost(request);
      response = await answer(exchange);
    } catch (error) {
      exchange.error = toApiError(error);
      response = errorResponse(exchange.error, exchange);
    }
    response.headers.set(API_VERSION_HEADER, API_VERSION);
    response.headers.set(REQUEST_ID_HEADER, exchange.requestId);
    if (options.isDraining()) response.headers.set("connection", "close");
    options.onAnswer(request.method, exchange.route ?? "none", response.status);
    logExchange(options, exchange, response.status);
    return response;
  };
}

/**
 * RFC 9112 §3.2: two proxies may read two `Host` headers in two ways. The runtime hands them out as
 * one, joined as no name of a host can be.
 */
function requireOneHost(request: Request): void {
  if (request.headers.get("host")?.includes(", ") !== true) return;
  throw new ApiError("invalid_request", { message: "more than one Host header" });
}

function begin(options: AppOptions, request: Request, connections: Connections): Exchange {
  const peer = connections.requestIP(request)?.address ?? "";
  return {
    request,
    requestId: options.requestIdOf(request, connections),
    clientAddress: options.clientAddresses.resolve(peer, request.headers.get("x-forwarded-for")),
    startedMs: options.clock.monotonicMs(),
    route: null,
  };
}

async function answerRoute(
  options: AppOptions,
  routePath: RoutePath,
  implementations: readonly Implementation[],
  exchange: Exchange,
): Promise<Response> {
  const { request } = exchange;
  const params = routePath.match(request.url);
  if (params === null) throw new ApiError("not_found");
  exchange.route = implementations[0]?.route.path ?? null;
  const implementation = implementations.find(({ route }) => hasMethod(route, request.method));
  if (implementation === undefined) throw methodNotAllowed(implementations);

  const { route } = implementation;
  exchange.takesForm = route.bodyType === "form";
  const bearer = bearerOf(request.headers);
  let caller = await checkAccess(route, bearer, options.verifier);
  if (caller !== null) {
    exchange.userId = caller.user.id;
    exchange.tokenName = caller.token.name;
    options.usage.record(caller.token.id);
  }
  const query = parseQuery(route, request.url);
  const body = await bodyOf(route, request, options.bodyLimits);
  // Its sender decides when a body ends: what let the request in may have been revoked long since.
  if (body !== undefined) caller = await checkAccess(route, bearer, options.verifierAgain);
  if (caller !== null && route.access === "admin" && route.method !== "GET") {
    await options.confirmAdmin(caller);
  }
  const { clientAddress } = exchange;
  const result = await implementation.handle({
    params,
    query,
    body,
    caller,
    bearer,
    clientAddress,
  });
  exchange.userId ??= result.userId;
  return toResponse(route, result, request.method === "HEAD");
}

async function bodyOf(route: Route, request: Request, limits: BodyLimits): Promise<unknown> {
  if (route.body === undefined) return undefined;
  return parseBody(route, await readBody(request, route.bodyType ?? "json", limits));
}

function hasMethod(route: Route, method: string): boolean {
  return route.method === method || (method === "HEAD" && route.head === true);
}

function methodNotAllowed(implementations: readonly Implementation[]): ApiError {
  const methods = implementations.flatMap(({ route }) =>
    route.head === true ? [route.method, "HEAD"] : [route.method],
  );
  return new ApiError("method_not_allowed", { headers: { allow: methods.join(", ") } });
}

async function answerPage(routePath: RoutePath, page: Page, exchange: Exchange): Promise<Response> {
  if (routePath.match(exchange.request.url) === null) throw new ApiError("not_found");
  exchange.route = routePath.pattern;
  const { method } = exchange.request;
  if (method !== "GET" && method !== "HEAD") {
    throw new ApiError("method_not_allowed", { headers: { allow: "GET, HEAD" } });
  }
  const response = await page(exchange);
  return method === "GET" ? response : new Response(null, response);
}

/** The reply is parsed on its way out, so that no field leaves that the contract does not have. */
function toResponse(route: Route, result: UncheckedResult, isHead: boolean): Response {
  const { status } = result;
  const headers = new Headers({ "cache-control": "no-store", ...result.headers });
  const schema = route.replies[status];
  if (schema === undefined) throw new Error(`${route.id} has no reply of status ${status}`);
  if (schema === null) return new Response(null, { status, headers });
  headers.set("content-type", "application/json");
  const body = result.parts ?? JSON.stringify(schema.parse(result.body));
  return new Response(isHead ? null : body, { status, headers });
}

function errorResponse(error: ApiError, { requestId, takesForm }: Exchange): Response {
  const body: ErrorBody = {
    // RFC 6749 section 5.2, which introspection and revocation refer to.
    ...(takesForm === true && error.status === 400
      ? { error: "invalid_request", error_description: error.message }
      : { error: error.message }),
    code: error.code,
    request_id: requestId,
    ...(error.user !== undefined && { user: error.user }),
  };
  const headers = {
    "cache-control": "no-store",
    ...(error.status === 401 && { "www-authenticate": CHALLENGE }),
    ...error.headers,
  };
  return Response.json(body, { status: error.status, headers });
}

function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof RevocationUnconfirmedError) {
    return new ApiError("revocation_unconfirmed", { cause: error });
  }
  if (error instanceof DatabaseUnavailableError) {
    return retryLater("database_unavailable", { cause: error });
  }
  return new ApiError("internal", { cause: error });
}

/** Proxies, verifiers, balancers and monitoring ask without end: that it goes well is no news. */
const FREQUENT: ReadonlySet<string | null> = new Set([
  verifyCredential.path,
  pollChanges.path,
  "/health/live",
  READY_PATH,
  "/metrics",
]);

function levelOf(options: AppOptions, { route }: Exchange, status: number): LogLevel {
  // Every planned stop answers so.
  if (route === READY_PATH && options.isDraining()) return "info";
  if (status >= 500) return "error";
  return FREQUENT.has(route) && status < 400 ? "debug" : "info";
}

function logExchange(options: AppOptions, exchange: Exchange, status: number): void {
  const { error } = exchange;
  options.logger.log(levelOf(options, exchange, status), "request", {
    method: exchange.request.method,
    route: exchange.route,
    status,
    duration_ms: Math.round((options.clock.monotonicMs() - exchange.startedMs) * 1000) / 1000,
    user_id: exchange.userId ?? null,
    token_name: exchange.tokenName ?? null,
    request_id: exchange.requestId,
    client: exchange.clientAddress,
    error: error?.code,
    // Below 500 it is the caller's doing, and a cause could quote what was sent.
    cause: status >= 500 && error?.cause !== undefined ? describeError(error.cause) : undefined,
  });
}
