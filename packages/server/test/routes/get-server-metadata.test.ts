import { expect, test } from "bun:test";
import { describeServer } from "../server.ts";

describeServer("GET /.well-known/oauth-authorization-server", (server) => {
  test("200: the metadata name the endpoints (RFC 8414)", async () => {
    const answer = await server.call("GET", "/.well-known/oauth-authorization-server");
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({
      issuer: server.url,
      introspection_endpoint: `${server.url}/introspect`,
      revocation_endpoint: `${server.url}/oauth/revoke`,
    });
  });
});
