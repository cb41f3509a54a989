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
import type { Refuse, RequestHandler } from "../app.ts";
import type { ApiError } from "../errors.ts";
import type { RequestCount } from "../metrics.ts";
import type { Clock } from "../services/clock.ts";
import type { ServerNode } from "../services/node.ts";
import type { UsageCollector } from "../services/usage.ts";
import type { VerificationCounts, VerificationSource } from "../services/verification-counts.ts";
import { credentialKey } from "../services/verification.ts";
import { insufficientRights, invalidToken, verificationUnavailable } from "./access.ts";
import { bearerOf } from "./credential.ts";
import type { Connections, RequestIdOf } from "./request-id.ts";

/** What the handler is made of. */
export interface VerifyHandlerOptions {
  readonly node: { readonly checker: Pick<ServerNode["checker"], "decide" | "check"> };
  readonly usage: Pick<UsageCollector, "note">;
  readonly counts: VerificationCounts;
  readonly getsAnswered: Pick<RequestCount, "count">;
  readonly headsAnswered: Pick<RequestCount, "count">;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly requestIdOf: RequestIdOf;
  readonly collectYoungGarbage: () => void;
  /** Answers what is decided: asking once more could take another second, and would count twice. */
  readonly refuse: Refuse;
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

/**
 * So many answers make garbage of about as much as the processor's cache holds. Collected by then, its memory
 * is used again while it is in there (docs/decisions/0305-garbage-while-it-is-in-the-cache.md).
 */
const ANSWERS_PER_COLLECTION = 4096;

/** Makes the handler; a proxy's log is the place for its successes, so they are counted only. */
export function createVerifyHandler(options: VerifyHandlerOptions): RequestHandler {
  const { node, usage, counts, getsAnswered, headsAnswered, requestIdOf, general } = options;
  const { collectYoungGarbage, clock } = options;

  /** @param startedMs since when; absent where memory answers: a clock takes a good part of that. */
  function answer(
    decision: Decision,
    source: VerificationSource,
    { request, connections, needed }: Question,
    startedMs?: number,
  ): Response | Promise<Response> {
    const { outcome } = decision;
    counts.count(outcome, source);
    if (outcome !== "ok") {
      const known = {
        ...(outcome === "forbidden" && callerOf(decision.entry)),
        ...(startedMs !== undefined && { startedMs }),
      };
      return options.refuse(request, connections, refusalOf(outcome, needed), known);
    }
    (request.method === "HEAD" ? headsAnswered : getsAnswered).count += 1;
    usage.note(decision.entry);
    return verifiedResponse(decision.entry, requestIdOf(request, connections));
  }

  let answers = 0;
  return (request, connections) => {
    answers += 1;
    if (answers % ANSWERS_PER_COLLECTION === 0) collectYoungGarbage();
    const token = plainTokenOf(request);
    const needed = token === null ? null : neededRightsOf(request.url);
    if (token === null || needed === null) return general(request, connections);
    const key = credentialKey(token);
    const question = { request, connections, needed };
    const cached = node.checker.decide(key, needed);
    if (cached !== null) return answer(cached, "cache", question);
    // What is in the cache is well formed, so only before the database is asked.
    if (!isWellFormedToken(token)) return general(request, connections);
    const startedMs = clock.monotonicMs();
    return node.checker
      .check(key, null, needed)
      .then((decision) => answer(decision, "database", question, startedMs));
  };
}

/** A request, and the rights that it asks for. */
interface Question {
  readonly request: Request;
  readonly connections: Connections;
  readonly needed: Rights;
}

/** The API token of a request for its check; else `null`. */
function plainTokenOf(request: Request): string | null {
  const { method } = request;
  if (method !== "GET" && method !== "HEAD") return null;
  const header = request.headers.get("authorization");
  const token =
    header?.length === HEADER_LENGTH && header.startsWith(BEARER)
      ? header.slice(BEARER.length)
      : bearerOf(request.headers);
  return token?.startsWith(TOKEN_PREFIX) === true ? token : null;
}

const NEEDED: ReadonlyMap<string, Rights> = new Map([
  ["?rights=read", "read"],
  ["?rights=full", "full"],
]);

/** What a token must be allowed, by the URL's query; `null` for a query that is not plainly that. */
function neededRightsOf(url: string): Rights | null {
  const start = url.indexOf("?");
  return start === -1 ? "read" : (NEEDED.get(url.slice(start)) ?? null);
}

function refusalOf(outcome: Exclude<Decision["outcome"], "ok">, needed: Rights): ApiError {
  if (outcome === "invalid") return invalidToken();
  return outcome === "forbidden" ? insufficientRights(needed) : verificationUnavailable();
}

function callerOf({ user, tokenName }: Entry): { userId: string; tokenName: string } {
  return { userId: user.id, tokenName };
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
