/** Where middleware leaves the identity for the handlers behind it. */
import type { VerifiedToken } from "./verification.ts";

const identities = new WeakMap<object, VerifiedToken>();

/** For adapters. */
export function setIdentity(request: object, identity: VerifiedToken): void {
  identities.set(request, identity);
}

/**
 * Who makes a request that `authenticate` has let through.
 *
 * @param request what the handler got: the request of Express and Fastify, the context of Hono.
 * @throws Error where `authenticate` does not stand before the handler.
 */
export function identityOf(request: object): VerifiedToken {
  const identity = identities.get(request);
  if (identity === undefined) throw new Error("authenticate() does not stand before this handler");
  return identity;
}
