/** A user with a token of each kind of rights, and what tests of the verification routes send. */
import { randomUUID } from "node:crypto";
import type { Credential, TestServer, TestUser } from "./server.ts";

/** Who is verified, and who verifies. */
export interface Ann {
  readonly ann: TestUser;
  readonly full: Credential;
  readonly read: Credential;
  readonly verify: Credential;
}

/** Makes them. */
export async function createAnn(server: TestServer): Promise<Ann> {
  const ann = await server.createUser({ email: `änn-${randomUUID()}@example.com`, name: "Ann" });
  return {
    ann,
    full: await server.createToken(ann, "clé à 100%"),
    read: await server.createToken(ann, "reader", { rights: "read" }),
    verify: await server.createToken(ann, "service", { rights: "verify" }),
  };
}

/** The value of a token, or the part of a login JWT that is no cookie. */
export function tokenOf(credential: Credential): string {
  return credential["authorization"]?.slice("Bearer ".length) ?? "";
}

/** A session's whole JWT. */
export function jwtOf(session: Credential): string {
  return `${tokenOf(session)}.${session["cookie"]?.replace("jwt_sig=", "") ?? ""}`;
}

/** A request's body as a form. */
export function form(fields: Record<string, string>) {
  return {
    body: new URLSearchParams(fields).toString(),
    headers: { "content-type": "application/x-www-form-urlencoded" },
  };
}

/** What verifiers look a token up by. */
export function hashOf(token: string): string {
  return new Bun.CryptoHasher("sha256").update(token).digest("base64url");
}
