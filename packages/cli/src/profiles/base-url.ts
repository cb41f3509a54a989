/** Base URLs of the API: scheme, host, port and path, and nothing else. */

/**
 * One spelling for each place: host in lower case, default port left out, no slash at the end.
 *
 * @returns the base URL, or why the text is none
 */
export function normalizeBaseUrl(
  text: string,
): { readonly ok: true; readonly url: string } | { readonly ok: false; readonly why: string } {
  const no = (why: string) => ({ ok: false, why }) as const;
  if (text === "") return no("it is empty");
  if (!/^https?:\/\//i.test(text)) return no("it does not begin with https:// or http://");
  // The URL parser would drop or turn these silently.
  if (/[\s\\]|\p{Cc}/u.test(text))
    return no("it holds a space, a backslash or a control character");
  if (!URL.canParse(text)) return no("it is not a URL");
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") return no("it holds a user name or a password");
  if (/[?#]/.test(text)) return no("it has a query or a fragment");
  return { ok: true, url: url.origin + url.pathname.replace(/\/+$/, "") };
}
