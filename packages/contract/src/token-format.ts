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

const BODY_LENGTH = TOKEN_PREFIX.length + RANDOM_LENGTH;

/** The length of an API token, in characters (all ASCII). */
export const TOKEN_LENGTH = BODY_LENGTH + CHECKSUM_LENGTH;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** What a base62 character stands for, by its code; -1 for any other. */
const DIGITS = Int8Array.from({ length: 128 }, (_, code) =>
  ALPHABET.indexOf(String.fromCharCode(code)),
);

function digitOf(code: number): number {
  return DIGITS[code] ?? -1;
}

/** The state of a CRC-32 (ISO-HDLC) after one more character, which must be ASCII. */
function addToCrc(crc: number, code: number): number {
  return (crc >>> 8) ^ (CRC_TABLE[(crc ^ code) & 0xff] ?? 0);
}

function crcStateOf(ascii: string): number {
  let crc = 0xffffffff;
  for (let index = 0; index < ascii.length; index += 1) {
    crc = addToCrc(crc, ascii.charCodeAt(index));
  }
  return crc;
}

/** The CRC-32 that a state comes to. */
function finishCrc(crc: number): number {
  return ~crc >>> 0;
}

const PREFIX_CRC_STATE = crcStateOf(TOKEN_PREFIX);

function checksumOf(body: string): string {
  let rest = finishCrc(crcStateOf(body));
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
  let crc = PREFIX_CRC_STATE;
  for (let index = TOKEN_PREFIX.length; index < BODY_LENGTH; index += 1) {
    const code = text.charCodeAt(index);
    if (digitOf(code) < 0) return false;
    crc = addToCrc(crc, code);
  }
  let checksum = 0;
  for (let index = BODY_LENGTH; index < TOKEN_LENGTH; index += 1) {
    const digit = digitOf(text.charCodeAt(index));
    if (digit < 0) return false;
    checksum = checksum * 62 + digit;
  }
  return checksum === finishCrc(crc);
}
