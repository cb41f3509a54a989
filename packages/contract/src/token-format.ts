/**
 * What an API token looks like: `conch_`, 32 random base62 characters, and six more that are the
 * CRC-32 (ISO-HDLC, as in zlib) of all that precedes, in base62, most significant digit first,
 * padded with `0`. A typo, or a scanner's false hit, is told apart without asking a database.
 *
 * Free of dependencies, so that the hot path and the command line can use it alone.
 */

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM_LENGTH = 32;
const CHECKSUM_LENGTH = 6;

/** What every API token begins with; secret scanners look for it. */
export const TOKEN_PREFIX = "conch_";

/** The length of an API token, in characters (all ASCII). */
export const TOKEN_LENGTH = TOKEN_PREFIX.length + RANDOM_LENGTH + CHECKSUM_LENGTH;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** CRC-32 (ISO-HDLC) of a string's character codes; defined here for ASCII only. */
function crc32(ascii: string, length: number): number {
  let crc = 0xffffffff;
  for (let index = 0; index < length; index += 1) {
    crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ ascii.charCodeAt(index)) & 0xff] ?? 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function checksumOf(body: string): string {
  let rest = crc32(body, body.length);
  let digits = "";
  for (let place = 0; place < CHECKSUM_LENGTH; place += 1) {
    digits = ALPHABET.charAt(rest % 62) + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}

/**
 * Makes a token from a source of random bytes.
 *
 * @param randomBytes returns that many bytes from a cryptographically secure source. Bytes of 248
 *   and above are drawn again, so that every character is equally likely (190.5 bits in all).
 */
export function createToken(randomBytes: (count: number) => Uint8Array): string {
  let random = "";
  while (random.length < RANDOM_LENGTH) {
    for (const byte of randomBytes(RANDOM_LENGTH)) {
      if (byte < 248 && random.length < RANDOM_LENGTH) random += ALPHABET.charAt(byte % 62);
    }
  }
  const body = TOKEN_PREFIX + random;
  return body + checksumOf(body);
}

/** Whether the text has the form of an API token, checksum included. Says nothing of its validity. */
export function isWellFormedToken(text: string): boolean {
  if (text.length !== TOKEN_LENGTH || !text.startsWith(TOKEN_PREFIX)) return false;
  for (let index = TOKEN_PREFIX.length; index < TOKEN_LENGTH; index += 1) {
    const code = text.charCodeAt(index);
    const isBase62 =
      (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
    if (!isBase62) return false;
  }
  const body = text.slice(0, TOKEN_LENGTH - CHECKSUM_LENGTH);
  return text.endsWith(checksumOf(body));
}
