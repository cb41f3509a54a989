// oidc-provider, RFC 7662 introspection of opaque client credentials tokens from its memory store.
// That store is an LRU of 1,000 entries, so fewer tokens are in use than elsewhere. They belong to
// no grant, which saves the provider a look-up.
import { randomBytes } from "node:crypto";
import { Provider } from "oidc-provider";
import { announce, tokenCount } from "./peer.mjs";

const client = { id: "service", secret: randomBytes(32).toString("hex") };
const basic = `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString("base64")}`;

const provider = new Provider("http://127.0.0.1", {
  clients: [
    {
      client_id: client.id,
      client_secret: client.secret,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
    },
  ],
  cookies: { keys: [randomBytes(32).toString("hex")] },
  ttl: { ClientCredentials: 24 * 60 * 60 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
  },
});

const server = provider.listen(0, "127.0.0.1", () => void mint());

async function mint() {
  const { port } = server.address();
  const tokens = [];
  for (let index = 0; index < Math.min(500, tokenCount(500)); index += 1) {
    const response = await fetch(`http://127.0.0.1:${port}/token`, {
      method: "POST",
      headers: { authorization: basic },
      body: new URLSearchParams({ grant_type: "client_credentials" }),
    });
    const { access_token: token } = await response.json();
    if (token === undefined) throw new Error(`no token was issued: ${response.status}`);
    tokens.push(token);
  }
  await announce(port, tokens, {
    method: "POST",
    path: "/token/introspection",
    headers: {
      authorization: basic,
      "content-type": "application/x-www-form-urlencoded",
    },
    body: "token={token}&token_type_hint=client_credentials",
    expect: '"active":true',
  });
}
