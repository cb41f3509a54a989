/** How secrets are shown: never themselves, always the same few digits of their hash. */

const SHOWN_BYTES = 4;

/**
 * `sha256:` and the first 8 hex digits of the SHA-256 of the secret: enough to tell two credentials
 * apart, useless for anything else. `printf %s "$TOKEN" | sha256sum` gives the same digits.
 */
export async function fingerprint(secret: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(secret));
  return `sha256:${new Uint8Array(digest).subarray(0, SHOWN_BYTES).toHex()}`;
}
