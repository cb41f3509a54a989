import type { Random } from "./clock.ts";

/** Without characters that look alike or that a mail or a shell could change: 57 of them. */
const ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const LENGTH = 24;

/** A random password of 24 letters and digits, 139 bits. */
export function generatePassword(random: Random): string {
  let password = "";
  while (password.length < LENGTH) {
    for (const byte of random.bytes(LENGTH)) {
      // Bytes from 228 on are drawn again, so that every character is equally likely.
      if (byte < 4 * ALPHABET.length && password.length < LENGTH) {
        password += ALPHABET.charAt(byte % ALPHABET.length);
      }
    }
  }
  return password;
}
