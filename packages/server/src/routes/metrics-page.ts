import type { Page, Visit } from "../app.ts";
import { type AccessRule, checkAccess } from "../http/access.ts";
import { bearerOf } from "../http/credential.ts";
import type { Metrics } from "../metrics.ts";
import type { Verifier } from "../services/verification.ts";

const ADMINISTRATORS: AccessRule = { access: "admin", method: "GET", tag: "system" };
const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;
const FORWARDED = ["x-forwarded-for", "forwarded", "via"];

/**
 * `/metrics` on the address of the API: for this machine, and for administrators' tokens.
 *
 * @param verifier `null` on an address of its own, which is open to whoever reaches it.
 */
export function createMetricsPage(metrics: Metrics, verifier: Verifier | null): Page {
  return async (visit) => {
    if (verifier !== null && !isLocal(visit)) {
      await checkAccess(ADMINISTRATORS, bearerOf(visit.request.headers), verifier);
    }
    const { contentType, text } = await metrics.render();
    return new Response(text, {
      headers: { "content-type": contentType, "cache-control": "no-store" },
    });
  };
}

/** A proxy on this machine asks on behalf of others, whoever they are. */
function isLocal({ request, clientAddress }: Visit): boolean {
  return LOOPBACK.test(clientAddress) && !FORWARDED.some((name) => request.headers.has(name));
}
