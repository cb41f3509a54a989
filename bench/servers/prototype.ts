/**
 * What checking a revocable token takes at the least: a hash, a look at a `Map` and headers with what was
 * found, and nothing else: no expiry, rights, lease, last use, metrics, query, and no database behind it.
 * Argument: a file of tokens.
 */
import { readFileSync } from "node:fs";

const [tokensFile = ""] = process.argv.slice(2);
const ID_LENGTH = 12;
const USERS = 10_000;

const users = Array.from({ length: USERS }, (_, index) => ({
  id: `00000000-0000-4000-8000-${String(index).padStart(ID_LENGTH, "0")}`,
  email: `user-${String(index).padStart(5, "0")}@example.com`,
}));
const found = new Map(
  readFileSync(tokensFile, "utf8")
    .trimEnd()
    .split("\n")
    .map((token, index) => [
      Bun.SHA256.hash(token, "base64url"),
      { name: `token-${String(index).padStart(7, "0")}`, user: users[index % USERS]! },
    ]),
);
const headers = new Headers({
  "cache-control": "no-store",
  "x-conch-api": "2.39.0",
  "x-conch-admin": "false",
  "x-conch-token-rights": "full",
});

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  routes: {
    "/verify": {
      GET(request) {
        const token = request.headers.get("authorization")?.slice("Bearer ".length) ?? "";
        const entry = found.get(Bun.SHA256.hash(token, "base64url"));
        if (entry === undefined) return new Response(null, { status: 401 });
        headers.set("x-request-id", crypto.randomUUID());
        headers.set("x-conch-user-id", entry.user.id);
        headers.set("x-conch-user-email", entry.user.email);
        headers.set("x-conch-token-name", entry.name);
        return new Response(null, { headers });
      },
    },
  },
});
const request = { method: "GET", path: "/verify", headers: { authorization: "Bearer {token}" } };
console.log(JSON.stringify({ port: server.port, request }));
