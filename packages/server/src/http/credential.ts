import { SIGNATURE_COOKIE } from "@conch/contract";

const BEARER = /^Bearer(?: +|$)(.*)$/i;

/**
 * The credential that a request carries: an API token, a whole login JWT, or `header.payload` with
 * the signature in a cookie, put together. `null` where there is none; a cookie alone is none.
 * What is malformed is one that is not good, which RFC 6750 section 3.1 tells from none.
 */
export function bearerOf(headers: Headers): string | null {
  const text = BEARER.exec(headers.get("authorization") ?? "")?.[1];
  if (text === undefined) return null;
  if (text.split(".").length !== 2) return text;
  const signature = cookieOf(headers.get("cookie") ?? "", SIGNATURE_COOKIE);
  return signature === null ? text : `${text}.${signature}`;
}

function cookieOf(header: string, name: string): string | null {
  for (const pair of header.split(";")) {
    const [key, value] = pair.split("=", 2);
    if (key?.trim() === name && value !== undefined) return value.trim();
  }
  return null;
}

/** The `Set-Cookie` that hands out a login JWT's signature; an empty one clears it. */
export function signatureCookie(signature: string, isSecure: boolean): string {
  const age = signature === "" ? "; Max-Age=0" : "";
  const secure = isSecure ? "; Secure" : "";
  return `${SIGNATURE_COOKIE}=${signature}; Path=/; HttpOnly; SameSite=Strict${secure}${age}`;
}
