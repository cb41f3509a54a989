import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { SignJWT, jwtVerify } from "jose";
import { createSessionJwts } from "../src/services/session-jwt.ts";

const OLD = "an older signing secret of 32 characters and more";
const NEW = "a newer signing secret of 32 characters and more";
const CLAIMS = { uid: "u", jti: "j", exp: 4_000_000_000 };
const key = (secret: string) => new TextEncoder().encode(secret);

test("what is signed here is read by another implementation, and the other way round", async () => {
  const jwts = createSessionJwts([NEW, OLD]);
  const { payload, protectedHeader } = await jwtVerify(jwts.sign(CLAIMS), key(NEW));
  expect(payload).toEqual(CLAIMS);
  expect(protectedHeader).toEqual({ alg: "HS256", typ: "JWT" });
  const theirs = await new SignJWT(CLAIMS).setProtectedHeader({ alg: "HS256" }).sign(key(OLD));
  expect(jwts.verify(theirs)).toEqual(CLAIMS);
});

test("all secrets verify, the first signs, a secret taken away no longer does", () => {
  const before = createSessionJwts([OLD]).sign(CLAIMS);
  expect(createSessionJwts([NEW, OLD]).verify(before)).toEqual(CLAIMS);
  expect(createSessionJwts([NEW]).verify(before)).toBeNull();
});

test("HS256 only, no critical extension, all claims", async () => {
  const jwts = createSessionJwts([NEW]);
  const sign = (header: { alg: string; crit?: string[]; b64?: boolean }, claims: object) =>
    new SignJWT({ ...claims }).setProtectedHeader(header).sign(key(NEW.repeat(2)));
  const long = createSessionJwts([NEW.repeat(2)]);
  expect(long.verify(await sign({ alg: "HS256" }, CLAIMS))).toEqual(CLAIMS);
  expect(long.verify(await sign({ alg: "HS512" }, CLAIMS))).toBeNull();
  expect(long.verify(await sign({ alg: "HS256" }, { uid: "u", exp: 1 }))).toBeNull();
  expect(jwts.verify("")).toBeNull();
});

test("property: no change to any character of a JWT is accepted", () => {
  const jwts = createSessionJwts([NEW]);
  const jwt = jwts.sign(CLAIMS);
  fc.assert(
    fc.property(
      fc.nat(jwt.length - 1),
      fc.constantFrom(...Array.from("ABCXYZabcxyz019-_.=+/ ")),
      (index, character) => {
        const changed = jwt.slice(0, index) + character + jwt.slice(index + 1);
        expect(jwts.verify(changed) === null).toBe(changed !== jwt);
      },
    ),
  );
});
