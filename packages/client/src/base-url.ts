/** Where an API lives: scheme, host, port and base path, and how paths of the wire are put on it. */

/** A text that is no usable base URL, or a path parameter that must not be sent. */
export class InvalidUrlError extends Error {
  override readonly name = "InvalidUrlError";
}

/**
 * The URL of an API: `http` or `https`, host, port, and a base path where the API has one
 * (`https://host/api/v1`); no user, query or fragment. One spelling for each place: host in lower
 * case, default port left out, no slash at the end.
 *
 * @returns the URL, or in a clause why the text is none. The text is not repeated in it: one that is
 *   refused may hold a password.
 */
export function normalizeBaseUrl(
  text: string,
): { readonly ok: true; readonly url: string } | { readonly ok: false; readonly why: string } {
  const no = (why: string) => ({ ok: false, why }) as const;
  if (text === "") return no("it is empty");
  if (!/^https?:\/\//iu.test(text)) return no("it does not begin with https:// or http://");
  // The URL parser would drop or turn these silently.
  if (/[\s\\]|\p{Cc}/u.test(text))
    return no("it holds a space, a backslash or a control character");
  if (!URL.canParse(text)) return no("it is not a URL");
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") return no("it holds a user name or a password");
  if (/[?#]/u.test(text)) return no("it has a query or a fragment");
  return { ok: true, url: url.origin + url.pathname.replace(/\/+$/u, "") };
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
 * The URL of a route: `pattern` below `baseUrl` (as `normalizeBaseUrl` returns it), its `{parameters}`
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
