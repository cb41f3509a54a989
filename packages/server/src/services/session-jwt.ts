/**
 * Login JWTs: HS256 (RFC 7518 section 3.2) with `uid`, `jti` and `exp`, and nothing else.
 *
 * Written out instead of taken from a library because it is on the way of every request of a
 * session: see docs/decisions/0020-session-jwt.md.
 */
import { type KeyObject, createHmac, createSecretKey, timingSafeEqual } from "node:crypto";
import { z } from "zod";

/** What a login JWT says. */
export interface SessionClaims {
  readonly uid: string;
  /** The id of the session's row. */
  readonly jti: string;
  /** Seconds since the epoch. */
  readonly exp: number;
}

/** Signs and checks login JWTs. */
export interface SessionJwts {
  sign(claims: SessionClaims): string;
  /** The claims of a JWT that one of our secrets signed, or `null`. Expiry is not looked at. */
  verify(jwt: string): SessionClaims | null;
}

const Claims = z.object({ uid: z.string(), jti: z.string(), exp: z.number() });
const Header = z.object({ alg: z.literal("HS256"), crit: z.undefined().optional() });
const HEADER = encode({ alg: "HS256", typ: "JWT" });
const SEGMENT = /^[\w-]+$/;

/** @param secrets the first signs, all verify: so that a secret can be rotated. */
export function createSessionJwts(secrets: readonly string[]): SessionJwts {
  const keys = secrets.map((secret) => createSecretKey(secret, "utf8"));
  const [signingKey] = keys;
  if (signingKey === undefined) throw new Error("no signing secret");
  return {
    sign(claims) {
      const signed = `${HEADER}.${encode(claims)}`;
      return `${signed}.${macOf(signingKey, signed).toString("base64url")}`;
    },
    verify(jwt) {
      const [header = "", payload = "", signature = "", ...rest] = jwt.split(".");
      if (rest.length > 0 || !SEGMENT.test(signature)) return null;
      const given = Buffer.from(signature, "base64url");
      // One spelling only: base64url decoders ignore the unused bits of the last character.
      if (given.toString("base64url") !== signature) return null;
      const signed = `${header}.${payload}`;
      if (!keys.some((key) => isEqual(macOf(key, signed), given))) return null;
      if (header !== HEADER && !Header.safeParse(decode(header)).success) return null;
      return Claims.safeParse(decode(payload)).data ?? null;
    },
  };
}

function macOf(key: KeyObject, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function isEqual(left: Buffer, right: Buffer): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decode(segment: string): unknown {
  try {
    return JSON.parse(Buffer.from(segment, "base64url").toString("utf8")) as unknown;
  } catch {
    return null;
  }
}
