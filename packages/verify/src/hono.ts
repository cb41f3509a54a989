/** For Hono 4. */
import { type AdmissionOptions, type TokenVerifier, createAdmission } from "./http.ts";
import { setIdentity } from "./identity-of.ts";

import { toResponse } from "./web.ts";

export { identityOf } from "./identity-of.ts";

/** What is needed of Hono's context. */
export interface HonoContext {
  /** Whether there is an answer. */
  readonly finalized?: boolean | undefined;
  readonly req: { readonly method: string; header(name: string): string | undefined };
}

/**
 * Middleware: handlers behind it are reached with a good token only, and ask `identityOf(c)`. They are not
 * reached either where something else has answered meanwhile, as for a time limit.
 */
export function authenticate(
  verifier: TokenVerifier,
  options?: AdmissionOptions,
): (context: HonoContext, next: () => Promise<void>) => Promise<Response | undefined> {
  const admit = createAdmission(verifier, options);
  return async (context, next) => {
    const { identity, refusal } = await admit(
      context.req.method,
      context.req.header("authorization"),
    );
    if (identity === undefined) return toResponse(refusal);
    if (context.finalized === true) return undefined;
    setIdentity(context, identity);
    await next();
    return undefined;
  };
}
