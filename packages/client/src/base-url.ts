/** Where an API lives: scheme, host, port and base path, and how paths of the wire are put on it. */

/** A text that is no usable base URL, or a path parameter that must not be sent. */
export class InvalidUrlError extends Error {
  override readonly name = "InvalidUrlError";
}

/**
 * Parses the URL of an API. Only `http` and `https`, with a base path where the API has one
 * (`https://host/api/v1`), without user, query or fragment. A trailing slash makes no difference.
 *
 * @returns the URL in canonical form without a trailing slash: two texts that name the same place
 *   give the same string.
 * @throws InvalidUrlError saying what is wrong with the text.
 */
export function parseBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) throw new InvalidUrlError(`"${text}" is not a URL`);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new InvalidUrlError(`"${text}" is neither https:// nor http://`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new InvalidUrlError("the URL must not hold a user name or password");
  }
  if (url.search !== "" || url.hash !== "") {
    throw new InvalidUrlError(`"${text}" has a query or a fragment`);
  }
  return url.origin + url.pathname.replace(/\/+$/u, "");
}

/**
 * A value as one path segment. `.`, `..` and nothing are refused, because URL parsers drop such
 * segments and the request would then name another resource, its parent.
 */
function encodeSegment(name: string, value: string): string {
  if (value === "") throw new InvalidUrlError(`the ${name} must not be empty`);
  if (value === "." || value === "..") {
    throw new InvalidUrlError(`"${value}" cannot be used as the ${name}`);
  }
  if (!value.isWellFormed()) throw new InvalidUrlError(`the ${name} holds a lone surrogate`);
  return encodeURIComponent(value);
}

/**
 * The URL of a route: `pattern` below `baseUrl` (as `parseBaseUrl` returns it), its `{parameters}`
 * percent-encoded.
 *
 * @throws InvalidUrlError where a parameter is missing, empty, `.` or `..`.
 */
export function buildUrl(
  baseUrl: string,
  pattern: string,
  params: Readonly<Record<string, unknown>> = {},
  query: Readonly<Record<string, unknown>> = {},
): string {
  const path = pattern.replace(/\{(\w+)\}/gu, (_, name: string) => {
    const value = params[name];
    return encodeSegment(name, typeof value === "string" ? value : "");
  });
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (typeof value === "string") search.append(name, value);
  }
  return baseUrl + path + (search.size === 0 ? "" : `?${search}`);
}

/**
 * The URL of a path that a user typed, for raw calls. The path must already be a path of the wire:
 * percent-encoded, without dot segments or empty ones, so that it is sent exactly as it was typed.
 *
 * @throws InvalidUrlError where a URL parser would change it.
 */
export function buildRawUrl(baseUrl: string, path: string): string {
  if (!path.startsWith("/")) throw new InvalidUrlError(`"${path}" does not start with a slash`);
  if (path.includes("#")) throw new InvalidUrlError(`"${path}" has a fragment; write # as %23`);
  const text = baseUrl + path;
  const [segments = ""] = path.split("?");
  const isPlain = segments
    .slice(1)
    .split("/")
    .every((segment) => segment !== "" && !/^(?:\.|%2e){1,2}$/iu.test(segment));
  if (
    !isPlain ||
    !URL.canParse(text) ||
    new URL(text).pathname !== new URL(baseUrl).pathname.replace(/\/+$/u, "") + segments
  ) {
    throw new InvalidUrlError(
      `"${path}" would not be sent as it is written: percent-encode it, and leave out empty and dot segments`,
    );
  }
  return text;
}
