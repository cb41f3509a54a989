/** For handlers from `Request` to `Response`: Bun.serve, Deno.serve, service workers and the like. */
import {
  type AdmissionOptions,
  type TokenVerifier,
  type Refusal,
  createAdmission,
} from "./http.ts";
import type { VerifiedToken } from "./verification.ts";

/**
 * A handler that is reached with a good token only; everyone else gets 401, 403 or 503.
 *
 * @param handler gets the request, who makes it, and whatever else the runtime hands over.
 */
export function protect<Rest extends readonly unknown[]>(
  verifier: TokenVerifier,
  handler: (
    request: Request,
    identity: VerifiedToken,
    ...rest: Rest
  ) => Response | Promise<Response>,
  options?: AdmissionOptions,
): (request: Request, ...rest: Rest) => Promise<Response> {
  const admit = createAdmission(verifier, options);
  return async (request, ...rest) => {
    const { identity, refusal } = await admit(request.method, request.headers.get("authorization"));
    return identity === undefined ? toResponse(refusal) : handler(request, identity, ...rest);
  };
}

/** The refusal as a `Response`. */
export function toResponse(refusal: Refusal): Response {
  return new Response(refusal.body, { status: refusal.status, headers: refusal.headers });
}
