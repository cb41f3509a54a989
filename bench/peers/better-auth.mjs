// better-auth with its API key plugin on SQLite, verifying over HTTP. `verifyApiKey` may only be
// called inside the server, so a route calls it, as a service would that other services ask.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { apiKey } from "@better-auth/api-key";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { announce, tokenCount } from "./peer.mjs";

const directory = mkdtempSync(join(tmpdir(), "conch-bench-better-auth-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
process.on("SIGTERM", () => process.exit(0));

const auth = betterAuth({
  baseURL: "http://127.0.0.1",
  secret: "0123456789abcdef0123456789abcdef0123456789abcdef",
  database: new DatabaseSync(join(directory, "database.sqlite")),
  emailAndPassword: { enabled: true },
  telemetry: { enabled: false },
  // The plugin's default is 10 requests a day for each key.
  plugins: [apiKey({ rateLimit: { enabled: false } })],
});
const { runMigrations } = await getMigrations(auth.options);
await runMigrations();

const { user } = await auth.api.signUpEmail({
  body: { email: "user@example.com", name: "User", password: "correct horse battery" },
});
const tokens = [];
for (let index = 0; index < Math.min(1_000, tokenCount(1_000)); index += 1) {
  const created = await auth.api.createApiKey({ body: { name: `key-${index}`, userId: user.id } });
  tokens.push(created.key);
}

async function verify(request, response) {
  const [scheme, key] = (request.headers.authorization ?? "").split(" ");
  const result = scheme === "Bearer" ? await auth.api.verifyApiKey({ body: { key } }) : undefined;
  if (result?.valid !== true) return response.writeHead(401).end();
  return response
    .writeHead(200, {
      "cache-control": "no-store",
      "x-user-id": result.key.referenceId,
      "x-token-name": result.key.name,
    })
    .end();
}

const server = createServer((request, response) => void verify(request, response));
server.listen(0, "127.0.0.1", () => void announce(server.address().port, tokens));
