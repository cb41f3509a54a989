import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";

import { fingerprint } from "../../src/profiles/fingerprint.ts";
import { createMasker } from "../../src/profiles/mask.ts";

const TOKEN = "conch_0123456789abcdefghijklmnopqrstuvXXXXXX";
const JWT = "eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOiJ4In0.c2lnbmF0dXJl";

async function shown(secret: string): Promise<string> {
  return `‹${await fingerprint(secret)}›`;
}

describe("a fingerprint", () => {
  test("is what sha256sum prints first", async () => {
    expect(await fingerprint("abc")).toBe("sha256:ba7816bf");
  });
});

describe("pitfall 16: masking", () => {
  test("header fields", async () => {
    const masked = await createMasker().headers([
      ["Authorization", `Bearer ${TOKEN}`],
      ["proxy-authorization", "Basic dTpw"],
      ["Cookie", "jwt_sig=abc; other=def"],
      ["Set-Cookie", "jwt_sig=abc; HttpOnly; Path=/"],
      ["X-Api-Key", "k"],
      ["User-Agent", "conch/2.39.0"],
      ["Location", `/user/me/token/${TOKEN}`],
    ]);
    expect(masked).toEqual([
      ["Authorization", `Bearer ${await shown(TOKEN)}`],
      ["proxy-authorization", `Basic ${await shown("dTpw")}`],
      ["Cookie", `jwt_sig=${await shown("abc")}; other=${await shown("def")}`],
      ["Set-Cookie", `jwt_sig=${await shown("abc")}; HttpOnly; Path=/`],
      ["X-Api-Key", await shown("k")],
      ["User-Agent", "conch/2.39.0"],
      ["Location", `/user/me/token/${await shown(TOKEN)}`],
    ]);
  });

  test.each([
    ['{"user":"u","password":"a\\"b"}', 'a\\"b'],
    ['{ "current_password" : "hunter2", "x": 1}', "hunter2"],
    ['{"password":"cut of', "cut of"],
    [String.raw`{"error":"got {\"password\": \"hunter2`, "hunter2"],
    [`{"jwt_token":"${JWT}"}`, JWT],
    [`{"name":"n","token":"${TOKEN}"}`, TOKEN],
    [`the token is ${TOKEN}.`, TOKEN],
    [`x ${JWT} y`, JWT],
    [`x ${JWT.slice(0, JWT.lastIndexOf("."))} y`, JWT.slice(0, JWT.lastIndexOf("."))],
    ["user=u&password=hunter2&x=y", "hunter2"],
    ["http://u:hunter2@host/path", "hunter2"],
    ["authorization: Bearer abc.def", "abc.def"],
  ])("%s", async (text, secret) => {
    expect(await createMasker().text(text)).toBe(text.replace(secret, await shown(secret)));
  });

  test("what is no secret stays readable", async () => {
    for (const text of [
      "POST /user/me/revoke?clear_tokens=all",
      '{"token_type":"bearer","force_password_change":true,"name":"conch"}',
      "https://conch.example.com:5001/a@b",
    ]) {
      expect(await createMasker().text(text)).toBe(text);
    }
  });

  test("a long answer made to be slow is not: without bounds, minutes each", async () => {
    const masker = createMasker();
    for (const piece of ["eyJ-", "a-", "token-", '"', "://", "Bearer ", "conch_"]) {
      const text = piece.repeat(100_000 / piece.length);
      expect((await masker.text(text)).length).toBeGreaterThan(0);
    }
  });

  test.each([
    ['pass "wörd"/<1>', 'pass \\"wörd\\"/<1>'],
    ['pass "wörd"/<1>', 'pass \\"wörd\\"\\/<1>'],
    ['pass "wörd"/<1>', 'pass \\"w\\u00f6rd\\"/<1>'],
    ['pass "wörd"/<1>', 'pass \\"w\\u00F6rd\\"\\/<1>'],
    ['pass "wörd"/<1>', "pass%20%22w%c3%b6rd%22%2F%3C1%3E"],
    ['pass "wörd"/<1>', "pass+%22w%C3%B6rd%22%2F%3C1%3E"],
    ['pass "wörd"/<1>', "pass &quot;wörd&quot;/&lt;1&gt;"],
    ["~~~???>>>", "fn5+Pz8/Pj4+"],
    ["~~~???>>>", "fn5-Pz8_Pj4-"],
  ])("%p, written as %s", async (secret, spelling) => {
    const masker = createMasker();
    masker.remember(secret);
    expect(await masker.text(`a ${spelling}.`)).toBe(`a ${await shown(spelling)}.`);
  });

  test("in base64 it is masked wherever it begins", async () => {
    const masker = createMasker();
    masker.remember("a secret");
    for (const before of ["", "x", "xy", "xyz", "Bearer "]) {
      const masked = await masker.text(btoa(`${before}a secret${before}`));
      for (const part of [btoa("secre"), btoa("ecre"), btoa("cre")]) {
        expect(masked).not.toContain(part.replace(/.?=*$/u, ""));
      }
      expect(masked).toContain("‹sha256:");
    }
  });

  test("what was remembered never comes through, however it is escaped", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: "binary", minLength: 4, maxLength: 30 }),
        fc.string({ unit: "binary" }),
        async (secret, around) => {
          fc.pre(!around.includes(secret) && !/^[\s‹›sha256:0-9a-f]*$/.test(secret));
          const masker = createMasker();
          masker.remember("another secret");
          masker.remember(secret);
          const texts = [secret, JSON.stringify({ x: secret }), encodeURIComponent(secret)];
          for (const text of texts) {
            expect(await masker.text(`${around} ${text} ${around}`)).not.toContain(secret);
          }
        },
      ),
    );
  });
});
