import {
  ChangesReply,
  type Rights,
  VERIFY_HEADERS,
  getServerMetadata,
  introspect,
  lookUpToken,
  pollChanges,
  reportUsage,
  revokeToken,
  toHeaderValue,
  verifyCredential,
} from "@conch/contract";
import { hasRights } from "@conch/verify/core/checker";
import { insufficientRights } from "../http/access.ts";
import { UNBUFFERED, sendEarly } from "../http/early-member.ts";
import { type Implementation, implement } from "../http/implementation.ts";
import type { DelegationService } from "../services/delegation.ts";
import type { IntrospectionService } from "../services/introspection.ts";
import type { RevocationService } from "../services/revocation.ts";
import type { Caller } from "../services/verification.ts";

/** For other services: forward authentication, introspection, revocation, the change feed. */
export function verificationRoutes(options: {
  readonly introspection: IntrospectionService;
  readonly delegation: DelegationService;
  readonly revocations: RevocationService;
  /** The URL of this installation. */
  readonly issuer: () => string;
}): Implementation[] {
  const { introspection, delegation, revocations, issuer } = options;
  return [
    implement(verifyCredential, ({ caller, query }) => {
      const needed = query.rights ?? "read";
      if (!hasRights(caller.rights, needed)) throw insufficientRights(needed);
      return { status: 200, headers: verifiedHeaders(caller) };
    }),
    implement(introspect, async ({ body }) => ({
      status: 200,
      body: await introspection.introspect(body.token),
    })),
    implement(revokeToken, async ({ body }) => {
      await revocations.revokeToken(body.token);
      return { status: 200 };
    }),
    implement(getServerMetadata, () => ({ status: 200, body: metadata(issuer()) })),
    implement(pollChanges, async ({ body }) => {
      if (body.leave === true) {
        delegation.leave(body.holder);
        return { status: 204 };
      }
      const sent = await sendEarly("dropped", ChangesReply(), (tell) =>
        delegation.changes(body, tell),
      );
      return { status: 200, headers: "parts" in sent ? UNBUFFERED : {}, ...sent };
    }),
    implement(lookUpToken, async ({ body }) => ({
      status: 200,
      body: await delegation.lookUp(body),
    })),
    implement(reportUsage, ({ body }) => {
      delegation.reportUsage(body);
      return { status: 204 };
    }),
  ];
}

/**
 * The headers that tell a proxy, and the service behind it, who is asking. `http/verify-handler.ts` sets the
 * same ones, and has no time for an object of them.
 */
function verifiedHeaders({ user, token, rights }: Caller): Record<string, string> {
  return {
    [VERIFY_HEADERS.userId]: user.id,
    [VERIFY_HEADERS.userEmail]: toHeaderValue(user.email),
    [VERIFY_HEADERS.tokenName]: toHeaderValue(token.name),
    [VERIFY_HEADERS.admin]: String(user.isAdmin),
    [VERIFY_HEADERS.rights]: rights,
  };
}

/** RFC 8414, section 2. */
function metadata(issuer: string) {
  return {
    issuer,
    introspection_endpoint: `${issuer}/introspect`,
    introspection_endpoint_auth_methods_supported: ["Bearer" as const],
    revocation_endpoint: `${issuer}/oauth/revoke`,
    revocation_endpoint_auth_methods_supported: ["none" as const],
    response_types_supported: [],
    grant_types_supported: [],
    scopes_supported: ["full", "read", "verify"] satisfies Rights[],
  };
}
