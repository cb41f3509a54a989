/**
 * What proves who asks. Both are sent as `Authorization: Bearer`: an API token is opaque, a session
 * is a whole login JWT (`header.payload.signature`), which every server takes.
 */
export type Credential =
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "session"; readonly jwt: string };

/** The value of the `Authorization` header. */
export function authorizationOf(credential: Credential): string {
  return `Bearer ${credential.kind === "token" ? credential.token : credential.jwt}`;
}

/**
 * When a login JWT expires, in milliseconds since the epoch; `null` where it does not say. Only
 * read, never trusted: the server decides.
 */
export function sessionExpiresAtMs(jwt: string): number | null {
  const payload = jwt.split(".")[1] ?? "";
  try {
    const claims: unknown = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
    if (typeof claims !== "object" || claims === null || !("exp" in claims)) return null;
    return typeof claims.exp === "number" ? claims.exp * 1000 : null;
  } catch {
    return null;
  }
}
