/**
 * What all adapters share: from a request's method and `Authorization` header to an identity, or to
 * a refusal in the form of RFC 6750. Of use by itself where a framework has no adapter here.
 */
import { ERRORS } from "@conch/contract/error-codes";
import type { Rights } from "@conch/contract";
import type { VerifiedToken, Verifier } from "./verification.ts";

/** Rights that a service can ask for; `verify` tokens are good for no service. */
export type ServiceRights = Exclude<Rights, "verify">;

/** What is needed of a verifier. */
export type TokenVerifier = Pick<Verifier, "verify">;

/** How requests are judged. */
export interface AdmissionOptions {
  /**
   * What a token must be allowed. By default GET, HEAD and OPTIONS need `read` and everything else
   * needs `full`.
   */
  readonly rights?: ServiceRights;
  /** Named in `WWW-Authenticate`; `conch` by default. */
  readonly realm?: string;
}

/** An answer for whoever is not let in. */
export interface Refusal {
  readonly status: 401 | 403 | 503;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON: `error` for people, `code` for programs. */
  readonly body: string;
}

/** Let in or not. */
export type Admission =
  | { readonly identity: VerifiedToken; readonly refusal?: undefined }
  | { readonly identity?: undefined; readonly refusal: Refusal };

/** Judges a request by its method and its `Authorization` header. */
export type Admit = (
  method: string,
  authorization: string | null | undefined,
) => Promise<Admission>;

const BEARER = /^Bearer +([\w\-.~+/]+=*) *$/i;
const BEARER_SCHEME = /^Bearer(?: |$)/i;
const READING_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Makes the function that an adapter calls for each request. Let in only where there is an `identity`.
 *
 * @throws TypeError for rights that a service cannot ask for, and for an unusable realm.
 */
export function createAdmission(verifier: TokenVerifier, options: AdmissionOptions = {}): Admit {
  const rightsOf = createRightsOf(options.rights);
  const refusals = createRefusals(options.realm ?? "conch");
  return async (method, authorization) => {
    const bearer = BEARER.exec(authorization ?? "")?.[1];
    if (bearer === undefined) {
      const isBearer = BEARER_SCHEME.test(authorization ?? "");
      return { refusal: isBearer ? refusals.invalid : refusals.anonymous };
    }
    const rights = rightsOf(method);
    const verification = await verifier.verify(bearer, rights);
    if (verification.status === "ok") return { identity: verification };
    if (verification.status === "forbidden") return { refusal: refusals.forbidden[rights] };
    if (verification.status === "invalid") return { refusal: refusals.invalid };
    // Also for a status that another verifier or a later version may have: nothing is known then.
    return { refusal: refusals.unavailable };
  };
}

/** What a request needs, by its method. What the types rule out, plain JavaScript can still pass. */
function createRightsOf(rights: ServiceRights | undefined): (method: string) => ServiceRights {
  if (rights === undefined) return (method) => (READING_METHODS.has(method) ? "read" : "full");
  if (rights !== "read" && rights !== "full") throw new TypeError('rights: "read" or "full"');
  return () => rights;
}

interface Refusals {
  readonly anonymous: Refusal;
  readonly invalid: Refusal;
  readonly forbidden: Readonly<Record<ServiceRights, Refusal>>;
  readonly unavailable: Refusal;
}

function createRefusals(realm: string): Refusals {
  if (!/^[\x20\x21\x23-\x5b\x5d-\x7e]*$/.test(realm)) {
    throw new TypeError("realm: printable ASCII without quotes and backslashes");
  }
  const challenge = `Bearer realm="${realm}"`;
  const forbidden = (scope: ServiceRights): Refusal =>
    createRefusal("insufficient_rights", {
      "www-authenticate": `${challenge}, error="insufficient_scope", scope="${scope}"`,
    });
  return {
    // RFC 6750, section 3.1: no error code where the request carries no token.
    anonymous: createRefusal("unauthorized", { "www-authenticate": challenge }),
    invalid: createRefusal("unauthorized", {
      "www-authenticate": `${challenge}, error="invalid_token"`,
    }),
    forbidden: { read: forbidden("read"), full: forbidden("full") },
    unavailable: createRefusal("verification_unavailable", { "retry-after": "1" }),
  };
}

function createRefusal(
  code: "unauthorized" | "insufficient_rights" | "verification_unavailable",
  headers: Readonly<Record<string, string>>,
): Refusal {
  const { status, title } = ERRORS[code];
  const caching = { "cache-control": "no-store", "content-type": "application/json" };
  // One object for all requests: a header that was added for one must not reach the others.
  return Object.freeze({
    status,
    headers: Object.freeze({ ...headers, ...caching }),
    body: `${JSON.stringify({ error: title, code })}\n`,
  });
}
