import type { Rights, Route } from "@conch/contract";
import { ApiError, retryLater } from "../errors.ts";
import type { Caller, Verifier } from "../services/verification.ts";

/** What every 401 challenges with (RFC 9110 section 11.6.1). */
export const CHALLENGE = 'Bearer realm="conch"';

/** What of a route decides who may call it. */
export type AccessRule = Pick<Route, "access" | "method" | "tag" | "allowedBeforePasswordChange">;

/**
 * Lets a request in, or says why not: before its parameters, its body or its target are looked at,
 * so that a refusal tells nothing of them.
 *
 * @throws ApiError 401 with `WWW-Authenticate` (RFC 6750 section 3), 403, or 503 where it cannot be
 *   known.
 */
export async function checkAccess(
  route: AccessRule,
  bearer: string | null,
  verifier: Verifier,
): Promise<Caller | null> {
  if (route.access === "public") return null;
  if (bearer === null) throw unauthorized(CHALLENGE);
  const verification = await verifier.verify(bearer, (rights) => isCovered(route, rights));
  if (verification.status === "unavailable") {
    throw verificationUnavailable(verification.cause);
  }
  if (verification.status === "invalid") throw invalidToken();
  checkPasswordChange(route, verification);
  if (verification.status === "forbidden") throw insufficientRights(leastRights(route));
  if (route.access === "admin" && !verification.user.isAdmin) throw new ApiError("admin_required");
  return verification;
}

/** 403 as RFC 6750 section 3.1 has it. @param scope the rights that would do. */
export function insufficientRights(scope: Rights): ApiError {
  return new ApiError("insufficient_rights", {
    headers: { "www-authenticate": `${CHALLENGE}, error="insufficient_scope", scope="${scope}"` },
  });
}

/** 401: the credential is dead, unknown or malformed. */
export function invalidToken(): ApiError {
  return unauthorized(`${CHALLENGE}, error="invalid_token"`);
}

/** 503: whether the credential is good cannot be known now. */
export function verificationUnavailable(cause?: unknown): ApiError {
  return retryLater("verification_unavailable", { cause });
}

function unauthorized(challenge: string): ApiError {
  return new ApiError("unauthorized", { headers: { "www-authenticate": challenge } });
}

function checkPasswordChange(route: AccessRule, caller: Caller): void {
  if (caller.token.kind !== "session" || !caller.user.mustChangePassword) return;
  if (route.allowedBeforePasswordChange === true) return;
  throw new ApiError("password_change_required", {
    headers: {
      location: PASSWORD_LOCATION,
      "www-authenticate": `${CHALLENGE}, error="invalid_token"`,
    },
  });
}

/** Where a user goes who must set a new password. */
export const PASSWORD_LOCATION = "/user/me/password";

const COVERED: Readonly<Record<Rights, (route: AccessRule) => boolean>> = {
  full: () => true,
  read: (route) => route.method === "GET",
  verify: (route) => route.tag === "verification",
};

/** What a token would need that has other rights. */
function leastRights({ tag, method }: AccessRule): Rights {
  if (tag === "verification") return "verify";
  return method === "GET" ? "read" : "full";
}

function isCovered(route: AccessRule, rights: Rights): boolean {
  return COVERED[rights](route);
}
