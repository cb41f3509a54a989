/**
 * How secrets lie in the config file: AES-256-GCM under the SHA-256 of the build's obfuscation key,
 * as base64url without padding of `nonce (12) ‖ ciphertext ‖ tag (16)`, without additional data.
 * It keeps a copied value from being useful in another tool. It does not protect from whoever can
 * run the same binary. WebCrypto, because loading `node:crypto` costs ten times as much.
 */

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Keeps the fingerprint of a key apart from every other use of SHA-256 on it. */
const FINGERPRINT_PREFIX = "conch obfuscation key fingerprint\0";
const FINGERPRINT_BYTES = 8;

/** Hides and recovers secrets with one build's key. */
export interface Obfuscator {
  /** Of the key; 16 hex digits. */
  readonly keyFingerprint: string;
  hide(secret: string): Promise<string>;
  /** The secret, or `null` where the text was written with another key, or is damaged. */
  recover(text: string): Promise<string | null>;
}

function decodeBase64url(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.fromBase64(text, { alphabet: "base64url" });
  } catch {
    return null;
  }
}

/** SHA-256, at once: what WebCrypto does in another thread takes 2 ms, which `profile list` must not. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array<ArrayBuffer>;

/** @param obfuscationKey the build's, any text */
export function createObfuscator(obfuscationKey: string, sha256: Sha256): Obfuscator {
  const { subtle } = crypto;
  const encoder = new TextEncoder();
  let raw: Uint8Array<ArrayBuffer> | undefined;
  let imported: Promise<CryptoKey> | undefined;

  let fingerprint: string | undefined;

  const rawKey = () => (raw ??= sha256(encoder.encode(obfuscationKey)));
  const importKey = () =>
    (imported ??= subtle.importKey("raw", rawKey(), "AES-GCM", false, ["encrypt", "decrypt"]));

  function makeFingerprint(): string {
    const prefix = encoder.encode(FINGERPRINT_PREFIX);
    const key = rawKey();
    const bytes = new Uint8Array(prefix.length + key.length);
    bytes.set(prefix);
    bytes.set(key, prefix.length);
    return sha256(bytes).subarray(0, FINGERPRINT_BYTES).toHex();
  }

  return {
    get keyFingerprint() {
      return (fingerprint ??= makeFingerprint());
    },

    async hide(secret) {
      const key = await importKey();
      const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
      const sealed = await subtle.encrypt(
        { name: "AES-GCM", iv: nonce },
        key,
        encoder.encode(secret),
      );
      const bytes = new Uint8Array(NONCE_BYTES + sealed.byteLength);
      bytes.set(nonce);
      bytes.set(new Uint8Array(sealed), NONCE_BYTES);
      return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
    },

    async recover(text) {
      const bytes = decodeBase64url(text);
      if (bytes === null || bytes.length < NONCE_BYTES + TAG_BYTES) return null;
      const key = await importKey();
      const iv = bytes.subarray(0, NONCE_BYTES);
      try {
        const plain = await subtle.decrypt(
          { name: "AES-GCM", iv },
          key,
          bytes.subarray(NONCE_BYTES),
        );
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(plain);
      } catch {
        return null;
      }
    },
  };
}
