/** What credentials are found by: their hash, as words, so that no text is made of it to compare. */

/**
 * SHA-256 of a credential, as eight words. Whoever is handed one copies what it keeps: the next hash may
 * be written over it.
 */
export type Key = Int32Array;

/** Words in a key. */
export const KEY_WORDS = 8;

const KEY_BYTES = 32;

/**
 * @param hash the 32 bytes of a SHA-256.
 * @returns a key of its own.
 */
export function keyOfHash(hash: Uint8Array): Key {
  if (hash.length !== KEY_BYTES) throw new RangeError("the hash has another length than SHA-256");
  return new Int32Array(new Uint8Array(hash).buffer);
}

/** The whole key as text, for maps: two bytes a character, not for people. Spread, it takes twice the time. */
export function keyText({ buffer, byteOffset }: Key): string {
  return Reflect.apply(
    String.fromCharCode,
    null,
    new Uint16Array(buffer, byteOffset, 2 * KEY_WORDS),
  );
}
