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
 * @param handler gets the request as the runtime has it, who makes it, and whatever else the runtime hands
 *   over; what it answers goes back as it is, also where that is no `Response`, as after an upgrade.
 */
export function protect<
  Rest extends readonly unknown[],
  Incoming extends Request = Request,
  Answer = Response,
>(
  verifier: TokenVerifier,
  handler: (request: Incoming, identity: VerifiedToken, ...rest: Rest) => Answer | Promise<Answer>,
  options?: AdmissionOptions,
): (request: Incoming, ...rest: Rest) => Promise<Answer | Response> {
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
