/**
 * `GET|HEAD /verify` for API tokens that are good: the route that other services call for each of
 * their requests, answered without what the others need. Whatever is not plainly that goes the way
 * of all routes, which says what is wrong.
 */
import {
  API_VERSION,
  API_VERSION_HEADER,
  REQUEST_ID_HEADER,
  TOKEN_LENGTH,
  TOKEN_PREFIX,
  type Rights,
  VERIFY_HEADERS,
  isWellFormedToken,
  toHeaderValue,
} from "@conch/contract";
import type { Decision, Entry } from "@conch/verify/core/index";
import type { RequestHandler } from "../app.ts";
import type { RequestCount } from "../metrics.ts";
import type { ServerNode } from "../services/node.ts";
import type { UsageCollector } from "../services/usage.ts";
import type { VerificationCounts, VerificationSource } from "../services/verification-counts.ts";
import { credentialHash, credentialKey } from "../services/verification.ts";
import type { Connections, RequestIdOf } from "./request-id.ts";

/** What the handler is made of. */
export interface VerifyHandlerOptions {
  readonly node: { readonly checker: Pick<ServerNode["checker"], "decide" | "check"> };
  readonly usage: Pick<UsageCollector, "note">;
  readonly counts: VerificationCounts;
  readonly getsAnswered: Pick<RequestCount, "count">;
  readonly headsAnswered: Pick<RequestCount, "count">;
  readonly requestIdOf: RequestIdOf;
  /** Answer what is decided: asking once more could take another second, and would count twice. */
  readonly refusals: Readonly<Record<"invalid" | "unavailable", RequestHandler>>;
  /** Answers what is left. */
  readonly general: RequestHandler;
}

const BEARER = "Bearer ";
const HEADER_LENGTH = BEARER.length + TOKEN_LENGTH;

/**
 * The headers of answers for tokens of these rights, set anew for each: a `Response` keeps a copy of
 * what it is given, so that one of them serves for all.
 */
function headersFor(rights: Rights, isAdmin: boolean): Headers {
  return new Headers({
    [API_VERSION_HEADER]: API_VERSION,
    "cache-control": "no-store",
    [VERIFY_HEADERS.admin]: String(isAdmin),
    [VERIFY_HEADERS.rights]: rights,
  });
}

const HEADERS = {
  user: { full: headersFor("full", false), read: headersFor("read", false) },
  admin: { full: headersFor("full", true), read: headersFor("read", true) },
};

/** Makes the handler; a proxy's log is the place for its successes, so they are counted only. */
export function createVerifyHandler(options: VerifyHandlerOptions): RequestHandler {
  const { node, usage, counts, getsAnswered, headsAnswered, requestIdOf, general } = options;

  function answer(
    decision: Decision,
    source: VerificationSource,
    request: Request,
    connections: Connections,
  ): Response | Promise<Response> {
    const { outcome } = decision;
    if (outcome === "forbidden") return general(request, connections);
    counts.count(outcome, source);
    if (outcome !== "ok") return options.refusals[outcome](request, connections);
    (request.method === "HEAD" ? headsAnswered : getsAnswered).count += 1;
    usage.note(decision.entry);
    return verifiedResponse(decision.entry, requestIdOf(request, connections));
  }

  return (request, connections) => {
    const token = plainTokenOf(request);
    if (token === null) return general(request, connections);
    const key = credentialKey(token);
    const cached = node.checker.decide(key, "read");
    if (cached !== null) return answer(cached, "cache", request, connections);
    // What is in the cache is well formed, so only before the database is asked.
    if (!isWellFormedToken(token)) return general(request, connections);
    return node.checker
      .check(key, credentialHash(token), "read")
      .then((decision) => answer(decision, "database", request, connections));
  };
}

/** The API token of a request that asks for nothing but its check; else `null`. */
function plainTokenOf(request: Request): string | null {
  const { method } = request;
  if ((method !== "GET" && method !== "HEAD") || request.url.includes("?")) return null;
  const header = request.headers.get("authorization");
  if (header?.length !== HEADER_LENGTH || !header.startsWith(BEARER)) return null;
  return header.startsWith(TOKEN_PREFIX, BEARER.length) ? header.slice(BEARER.length) : null;
}

function verifiedResponse(entry: Entry, requestId: string): Response {
  const ofRights = entry.user.isAdmin ? HEADERS.admin : HEADERS.user;
  const headers = entry.rights === "full" ? ofRights.full : ofRights.read;
  headers.set(REQUEST_ID_HEADER, requestId);
  headers.set(VERIFY_HEADERS.userId, entry.user.id);
  headers.set(VERIFY_HEADERS.userEmail, toHeaderValue(entry.user.email));
  headers.set(VERIFY_HEADERS.tokenName, toHeaderValue(entry.tokenName));
  return new Response(null, { headers });
}
