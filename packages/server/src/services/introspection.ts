/** Token introspection (RFC 7662). */
import type { Introspection } from "@conch/contract";
import { retryLater } from "../errors.ts";
import type { UsageCollector } from "./usage.ts";
import type { Caller, Verifier } from "./verification.ts";

/** Tells services that have no verifier of their own what a token stands for. */
export interface IntrospectionService {
  /** @throws ApiError 503 where it cannot be known. */
  introspect(token: string): Promise<Introspection>;
}

/** @param issuer the URL of this installation. */
export function createIntrospectionService(options: {
  readonly verifier: Verifier;
  readonly usage: UsageCollector;
  readonly issuer: () => string;
}): IntrospectionService {
  const { verifier, usage, issuer } = options;
  return {
    async introspect(token) {
      const verification = await verifier.verify(token);
      if (verification.status === "unavailable") {
        throw retryLater("verification_unavailable", { cause: verification.cause });
      }
      if (verification.status === "invalid" || verification.user.mustChangePassword) {
        return { active: false };
      }
      usage.record(verification.token.id);
      return describe(verification, issuer());
    },
  };
}

function describe({ user, token, rights }: Caller, iss: string): Introspection {
  return {
    active: true,
    token_type: "Bearer",
    scope: rights,
    sub: user.id,
    username: user.email,
    iss,
    iat: Math.floor(token.createdAtMs / 1000),
    exp: Math.floor(token.expiresAtMs / 1000),
    user_name: user.name,
    token_name: token.name,
    admin: user.isAdmin,
  };
}
