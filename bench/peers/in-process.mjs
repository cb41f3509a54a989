// What jsonwebtoken and jose verify inside a process, with many different tokens. Measured by the
// same loop as @conch/verify: see ../in-process/loop.mjs.
import { createSecretKey, randomBytes, randomUUID } from "node:crypto";
import { jwtVerify } from "jose";
import jwt from "jsonwebtoken";
import { serveRounds } from "../in-process/loop.mjs";

const secret = randomBytes(32);
const key = createSecretKey(secret);
const tokens = Array.from({ length: Number(process.argv[3]) }, (_, index) =>
  jwt.sign(
    {
      uid: randomUUID(),
      email: `user-${String(index % 10_000).padStart(5, "0")}@example.com`,
      jti: randomUUID(),
    },
    secret,
    { algorithm: "HS256", expiresIn: "1d" },
  ),
);

const VERIFIERS = {
  jsonwebtoken: (token) => jwt.verify(token, key, { algorithms: ["HS256"] }),
  jose: (token) => jwtVerify(token, key, { algorithms: ["HS256"] }),
};
// Both throw for a bad token.
await serveRounds(tokens, VERIFIERS[process.argv[2]], () => true);
