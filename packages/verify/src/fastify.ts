/** For Fastify 5. */
import { type AdmissionOptions, type TokenVerifier, createAdmission } from "./http.ts";
import { setIdentity } from "./identity-of.ts";
import { type NodeRequest, type NodeResponse, authorizationOf } from "./node.ts";

export { identityOf } from "./identity-of.ts";

/** What is needed of Fastify's request. */
export interface FastifyRequest extends Pick<NodeRequest, "method" | "headers"> {
  readonly raw?: Pick<NodeRequest, "rawHeaders"> | undefined;
}

/** What is needed of Fastify's reply. */
export interface FastifyReply {
  readonly sent?: boolean | undefined;
  readonly raw?: Pick<NodeResponse, "headersSent"> | undefined;
  code(status: number): unknown;
  headers(values: Record<string, string>): unknown;
  /** Of no type: a route that declares its replies has a `send` that takes nothing else. */
  send(body: never): unknown;
}

/**
 * An `onRequest` hook: handlers behind it are reached with a good token only, before any body is
 * read, and ask `identityOf(request)`. They are not reached either where something else has answered
 * meanwhile, as for a time limit.
 */
export function authenticate(
  verifier: TokenVerifier,
  options?: AdmissionOptions,
): (request: FastifyRequest, reply: FastifyReply) => Promise<unknown> {
  const admit = createAdmission(verifier, options);
  return async (request, reply) => {
    const { method = "", headers, raw } = request;
    const authorization = authorizationOf({ headers, rawHeaders: raw?.rawHeaders });
    const { identity, refusal } = await admit(method, authorization);
    // An answer is not `sent` before its end, for which Fastify waits where a hook returns the reply.
    if (reply.sent === true || reply.raw?.headersSent === true) return reply;
    if (identity === undefined) {
      reply.code(refusal.status);
      reply.headers({ ...refusal.headers });
      reply.send(refusal.body as never);
      // Tells Fastify that an asynchronous hook has answered.
      return reply;
    }
    setIdentity(request, identity);
    return undefined;
  };
}
