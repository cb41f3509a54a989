/** What a `postgres://` URL may say, so that both drivers take it the same way. */

/** As libpq has them; the others leave it to the server, or to whoever is in between, whether to encrypt. */
const TLS_MODES = ["disable", "require", "verify-ca", "verify-full"];
const PARAMETERS = ["sslmode", "sslrootcert", "options"];

/**
 * Why a URL cannot be used; `null` where it can. Never quotes it: it may hold a password.
 *
 * A parameter that only one of the drivers knows would hold for a part of the connections.
 */
export function postgresUrlFault(text: string): string | null {
  if (!URL.canParse(text)) return "must be one postgres:// URL, with one host";
  const { hostname, searchParams } = new URL(text);
  if (hostname === "" || hostname.includes(",")) return "must name one host";
  const unknown = [...searchParams.keys()].find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) return `must have no parameters but ${PARAMETERS.join(", ")}`;
  const mode = searchParams.get("sslmode");
  if (mode !== null && !TLS_MODES.includes(mode)) {
    return `sslmode must be one of ${TLS_MODES.join(", ")}`;
  }
  const hasAuthority = searchParams.has("sslrootcert");
  if (hasAuthority && !mode?.startsWith("verify-")) {
    return "sslrootcert needs sslmode=verify-full, or verify-ca";
  }
  return mode === "verify-ca" && !hasAuthority ? "sslmode=verify-ca needs sslrootcert" : null;
}

/** The URL for the driver of the pool: without this parameter its TLS modes are not libpq's. */
export function poolUrl(text: string): string {
  const url = new URL(text);
  if (url.searchParams.has("sslmode")) url.searchParams.set("uselibpqcompat", "true");
  return url.href;
}
