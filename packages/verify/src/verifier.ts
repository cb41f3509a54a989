/** `createVerifier`: the core of a verifier, joined to the server and to the clocks. */
import { type LookUpRequest, type Rights, TOKEN_PREFIX, isWellFormedToken } from "@conch/contract";
import { type VerifierContext, createVerifierContext } from "./context.ts";
import type { Decision } from "./core/types.ts";
import { createVerifierCore } from "./core/verifier.ts";
import { createTransport } from "./transport.ts";
import { createUsageReporter } from "./usage-reporter.ts";
import type { Verification, Verifier } from "./verification.ts";

/** How a verifier is set up. */
export interface VerifierOptions {
  /**
   * Where the server is: `https://conch.example.com`, with a path where it has one. Several are tried
   * in turn when one does not answer.
   */
  readonly url: string | readonly string[] | undefined;
  /** The service's own token: `conch user token create my-service --rights verify`. */
  readonly token: string | undefined;
  /** At most so many tokens are kept in memory, about 500 bytes each; 100,000 by default. */
  readonly entriesMax?: number;
  /** At most so many look-ups at once, beyond which the answer is `unavailable`; 256 by default. */
  readonly lookUpsMax?: number;
  /** From a use to its report, milliseconds; 2,000 by default. */
  readonly usageIntervalMs?: number;
}

// One object each for all callers, none of whom may change what the others are told.
const INVALID: Verification = Object.freeze({ status: "invalid", reason: "unknown" });
const UNAVAILABLE: Verification = Object.freeze({ status: "unavailable" });
/** Taken for the bound until the first answer names it, milliseconds. */
const BOUND_MS = 5000;
/** A login session: three segments of base64url. */
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const BEARER_LENGTH_MAX = 4096;

/**
 * Makes a verifier and begins its lease. It works as soon as the server can be reached, and until then
 * answers `unavailable`; it must be closed for the process to end.
 *
 * @throws TypeError where the options cannot be right.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  return createVerifierIn(createVerifierContext(), options);
}

/** The same with the outside passed in. */
export function createVerifierIn(context: VerifierContext, options: VerifierOptions): Verifier {
  const { edge, hash, keyOf } = context;
  const transport = createTransport({
    urls: readUrls(options.url),
    token: readToken(options.token),
    fetch: context.fetch,
    timers: edge.timers,
  });
  const holder = context.createId();
  const core = createVerifierCore<string>({
    edge,
    boundMs: BOUND_MS,
    poll: transport.poll,
    lookUp: (_key, bearer, seq) => transport.lookUp(toRequest(bearer, seq, hash)),
    lookUpsMax: readCount("lookUpsMax", options.lookUpsMax ?? 256),
    entriesMax: readCount("entriesMax", options.entriesMax ?? 100_000),
    holder,
  });
  const usage = createUsageReporter(
    edge,
    core.cache,
    readCount("usageIntervalMs", options.usageIntervalMs ?? 2000),
    transport.report,
  );
  let closing: Promise<void> | null = null;
  core.start();

  function toVerification(decision: Decision): Verification {
    if (decision.outcome === "unavailable") return UNAVAILABLE;
    if (decision.outcome === "invalid") return { status: "invalid", reason: decision.reason };
    const { outcome: status, entry } = decision;
    if (status === "ok") usage.note(entry);
    const { user, tokenId, kind, tokenName: name, rights, expiresAtMs } = entry;
    return { status, user, tokenId, kind, name, rights, expiresAtMs };
  }

  function verifyCached(bearer: string, needed?: Rights): Verification | null {
    if (bearer.length > BEARER_LENGTH_MAX) return INVALID;
    const decision = core.checker.decide(keyOf(bearer), needed);
    if (decision !== null) return toVerification(decision);
    return canBeGood(bearer) ? null : INVALID;
  }

  async function verifyByLookUp(bearer: string, needed?: Rights): Promise<Verification> {
    return toVerification(await core.checker.check(keyOf(bearer), bearer, needed));
  }

  async function end(): Promise<void> {
    // Only a lease that has ended may be given up: nodes stop waiting for this holder.
    const isHolder = core.lease.isLive() || transport.isPolling();
    core.close();
    await Promise.all([usage.close(), isHolder && transport.leave(holder)]);
    transport.close();
  }

  return {
    verifyCached: (bearer, needed) =>
      typeof bearer === "string" ? verifyCached(bearer, needed) : INVALID,
    // Not itself an async function: those keep a state that an answer from the cache has no use for.
    verify(bearer, needed) {
      if (typeof bearer !== "string") return Promise.resolve(INVALID);
      const cached = verifyCached(bearer, needed);
      return cached === null ? verifyByLookUp(bearer, needed) : Promise.resolve(cached);
    },
    stats: () => ({
      isLive: core.lease.isLive(),
      leaseAgeMs: core.lease.ageMs(),
      boundMs: core.lease.boundMs(),
      entries: core.cache.size(),
      problem: transport.problem(),
    }),
    // Whoever closes again waits for the same end, and does not cut it short.
    close: () => (closing ??= end()),
  };
}

/** What the form alone tells: most of what scanners send never leaves the process. */
function canBeGood(bearer: string): boolean {
  if (bearer.startsWith(TOKEN_PREFIX)) return isWellFormedToken(bearer);
  return JWT.test(bearer);
}

/** Only the server can check a session's signature; the value of an API token stays here. */
function toRequest(bearer: string, seq: number, hash: VerifierContext["hash"]): LookUpRequest {
  return bearer.startsWith(TOKEN_PREFIX) ? { hash: hash(bearer), seq } : { token: bearer, seq };
}

function readUrls(url: VerifierOptions["url"]): string[] {
  // Of what is no list, as a `URL` that plain JavaScript can pass, an empty one.
  const urls = typeof url === "string" ? [url] : Array.from(url ?? []);
  if (urls.length === 0 || urls.includes("")) throw new TypeError("url: where the server is");
  return urls.map((text) => {
    if (!URL.canParse(text)) throw new TypeError("url: not a URL");
    const { protocol, username, password, search, hash, origin, pathname } = new URL(text);
    if (protocol !== "https:" && protocol !== "http:") throw new TypeError("url: https or http");
    if (username !== "" || password !== "" || search !== "" || hash !== "") {
      throw new TypeError("url: without user, password, query and fragment");
    }
    return `${origin}${pathname}`.replace(/\/+$/, "");
  });
}

function readToken(token: string | undefined): string {
  if (typeof token !== "string" || !isWellFormedToken(token)) {
    throw new TypeError("token: an API token, as `conch user token create` shows it");
  }
  return token;
}

/** The most that a timer takes. */
const COUNT_MAX = 2 ** 31 - 1;

function readCount(name: string, count: number): number {
  if (!Number.isInteger(count) || count < 1 || count > COUNT_MAX) {
    throw new TypeError(`${name}: a whole number from 1 to ${COUNT_MAX}`);
  }
  return count;
}
