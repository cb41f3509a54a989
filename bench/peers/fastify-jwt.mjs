// Fastify with a route that checks a stateless HS256 JWT with jose: the fastest thing that a user of
// Node would write, and one whose tokens cannot be revoked.
import { randomBytes, randomUUID } from "node:crypto";
import Fastify from "fastify";
import { jwtVerify, SignJWT } from "jose";
import { announce, tokenCount } from "./peer.mjs";

const secret = randomBytes(32);
const app = Fastify();

app.get("/verify", async (request, reply) => {
  const [scheme, token] = (request.headers.authorization ?? "").split(" ");
  if (scheme !== "Bearer" || token === undefined) return reply.code(401).send();
  try {
    const { payload } = await jwtVerify(token, secret, { algorithms: ["HS256"] });
    return reply
      .headers({
        "cache-control": "no-store",
        "x-user-id": payload.uid,
        "x-user-email": payload.email,
        "x-token-name": payload.jti,
      })
      .send();
  } catch {
    return reply.code(401).send();
  }
});

async function sign(index) {
  const user = String(index % 10_000).padStart(5, "0");
  return new SignJWT({ uid: randomUUID(), email: `user-${user}@example.com` })
    .setProtectedHeader({ alg: "HS256" })
    .setJti(`token-${String(index).padStart(7, "0")}`)
    .setExpirationTime("1d")
    .sign(secret);
}

const tokens = [];
for (let index = 0; index < tokenCount(100_000); index += 1) tokens.push(await sign(index));
await app.listen({ host: "127.0.0.1", port: 0 });
await announce(app.server.address().port, tokens);
