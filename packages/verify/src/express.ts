/** For Express 5. */
import { type AdmissionOptions, type TokenVerifier, createAdmission } from "./http.ts";
import { setIdentity } from "./identity-of.ts";
import { type NodeRequest, type NodeResponse, authorizationOf, sendRefusal } from "./node.ts";

export { identityOf } from "./identity-of.ts";

/**
 * Middleware: handlers behind it are reached with a good token only, and ask `identityOf(request)`. They are
 * not reached either where something else has answered meanwhile, as for a time limit.
 */
export function authenticate(
  verifier: TokenVerifier,
  options?: AdmissionOptions,
): (request: NodeRequest, response: NodeResponse, next: () => void) => Promise<void> {
  const admit = createAdmission(verifier, options);
  return async (request, response, next) => {
    const { identity, refusal } = await admit(request.method ?? "", authorizationOf(request));
    if (identity === undefined) {
      sendRefusal(response, refusal);
      return;
    }
    if (response.headersSent === true) return;
    setIdentity(request, identity);
    next();
  };
}
