import { expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import * as fc from "fast-check";
import { TOKEN_LENGTH, createToken, isWellFormedToken } from "./token-format.ts";

const PAGE = readFileSync(join(import.meta.dir, "../../../docs/token-format.md"), "utf8");

test("the vectors of docs/token-format.md are tokens, by zlib's checksum too", () => {
  const vectors = [...PAGE.matchAll(/^\| `(conch_\w+)` \| (\d+) \|$/gm)];
  expect(vectors).toHaveLength(3);
  for (const [, token = "", checksum = ""] of vectors) {
    expect(isWellFormedToken(token)).toBe(true);
    expect(crc32(token.slice(0, -6))).toBe(Number(checksum));
  }
  const hash = createHash("sha256")
    .update(vectors[0]?.[1] ?? "")
    .digest("hex");
  expect(PAGE).toContain(hash);
});

test("the page's regular expression finds tokens in text", () => {
  const pattern = new RegExp(/`(\\bconch_.*\\b)`/.exec(PAGE)?.[1] ?? "", "g");
  const token = createToken(randomBytes);
  expect([...`export CONCH_TOKEN=${token}; x`.matchAll(pattern)].map(([hit]) => hit)).toEqual([
    token,
  ]);
});

test("property: a token is well formed, and no change to one character of it is", () => {
  const character = fc.constantFrom(
    ...Array.from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-. éİ"),
  );
  fc.assert(
    fc.property(fc.nat(TOKEN_LENGTH - 1), character, (index, other) => {
      const token = createToken(randomBytes);
      expect(token).toHaveLength(TOKEN_LENGTH);
      expect(isWellFormedToken(token)).toBe(true);
      const changed = token.slice(0, index) + other + token.slice(index + 1);
      expect(isWellFormedToken(changed)).toBe(changed === token);
    }),
  );
});

test("property: text is never taken for a token", () => {
  fc.assert(fc.property(fc.string(), (text) => !isWellFormedToken(text)));
  fc.assert(
    fc.property(fc.string({ minLength: 38, maxLength: 38 }), (text) => {
      expect(isWellFormedToken(`conch_${text}`)).toBe(false);
    }),
  );
});

test("bytes that would make some characters likelier are drawn again", () => {
  let call = 0;
  const token = createToken((count) => new Uint8Array(count).fill((call += 1) === 1 ? 248 : 61));
  expect(token.slice(6, 38)).toBe("z".repeat(32));
  expect(call).toBe(2);
});
