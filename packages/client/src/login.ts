import { login as loginRoute, SIGNATURE_COOKIE } from "@conch/contract/session";
import { leadsToPasswordChange, type Client } from "./client.ts";
import { sessionExpiresAtMs } from "./credential.ts";
import { ClientError } from "./errors.ts";

/** A login session, just begun. */
export interface Session {
  /** The whole login JWT: `header.payload.signature`. A secret. */
  readonly jwt: string;
  readonly expiresAtMs: number | null;
  /** The password was a one-time one: the session may do nothing but set a new one. */
  readonly passwordChangeRequired: boolean;
}

/**
 * Logs in. Servers hand the login JWT out whole, or without its signature, which is then in a cookie.
 *
 * @throws ClientError `unauthorized` where user and password do not match, and as for every call.
 */
export async function login(client: Client, user: string, password: string): Promise<Session> {
  const { body, headers } = await client.call(loginRoute, { body: { user, password } });
  const signature = body.jwt_token.split(".").length === 3 ? null : signatureCookie(headers);
  if (signature === undefined) {
    throw new ClientError(`POST ${client.baseUrl}/login`, {
      kind: "incompatible_reply",
      status: 200,
      reason: `the answer has no cookie ${SIGNATURE_COOKIE}, and so no signature`,
    });
  }
  const jwt = signature === null ? body.jwt_token : `${body.jwt_token}.${signature}`;
  return {
    jwt,
    expiresAtMs: sessionExpiresAtMs(jwt),
    passwordChangeRequired: leadsToPasswordChange(headers),
  };
}

function signatureCookie(headers: Headers): string | undefined {
  for (const cookie of headers.getSetCookie()) {
    const match = /^jwt_sig=([\w-]+)\s*(?:;|$)/u.exec(cookie);
    if (match !== null) return match[1];
  }
  return undefined;
}
