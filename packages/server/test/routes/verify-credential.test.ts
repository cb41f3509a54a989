import { expect, test } from "bun:test";
import { describeServer } from "../server.ts";
import { createAnn, jwtOf } from "../verification.ts";

describeServer("GET /verify", (server) => {
  test("200 for a token: who it is, in ASCII headers, and no body", async () => {
    const { ann, full } = await createAnn(server);
    for (const method of ["GET", "HEAD"]) {
      const answer = await server.call(method, "/verify", { as: full });
      expect(answer.status).toBe(200);
      expect(answer.text).toBe("");
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expect(answer.headers.get("x-conch-user-id")).toBe(ann.id);
      expect(answer.headers.get("x-conch-user-email")).toBe(ann.email.replace("ä", "%C3%A4"));
      expect(answer.headers.get("x-conch-token-name")).toBe("cl%C3%A9 %C3%A0 100%25");
      expect(answer.headers.get("x-conch-admin")).toBe("false");
      expect(answer.headers.get("x-conch-token-rights")).toBe("full");
      expect(answer.headers.get("x-conch-api")).toBe("2.39.0");
      expect(answer.headers.get("x-request-id")).toMatch(/./);
    }
  });

  test("200 for a session: whole, and split with the cookie", async () => {
    const { ann } = await createAnn(server);
    const split = await server.call("GET", "/verify", { as: ann.session });
    expect(split.status).toBe(200);
    expect(split.headers.get("x-conch-token-name")).toBe("");
    const whole = { authorization: `Bearer ${jwtOf(ann.session)}` };
    expect((await server.call("GET", "/verify", { as: whole })).status).toBe(200);
  });

  test("401 with WWW-Authenticate", async () => {
    const none = await server.call("GET", "/verify");
    expect(none.status).toBe(401);
    expect(none.headers.get("www-authenticate")).toBe('Bearer realm="conch"');
    const dead = await server.call("GET", "/verify", { as: { authorization: "Bearer x" } });
    expect(dead.status).toBe(401);
    expect(dead.headers.get("www-authenticate")).toContain('error="invalid_token"');
  });

  test("403 where the rights are not enough", async () => {
    const { full, read, verify } = await createAnn(server);
    expect((await server.call("GET", "/verify", { as: read })).status).toBe(200);
    const answer = await server.call("GET", "/verify?rights=full", { as: read });
    expect(answer.status).toBe(403);
    expect(answer.headers.get("www-authenticate")).toContain('scope="full"');
    expect((await server.call("GET", "/verify", { as: verify })).status).toBe(403);
    expect((await server.call("GET", "/verify?rights=full", { as: full })).status).toBe(200);
  });

  test("400 for a query that it does not know, 405 for other methods", async () => {
    const { full } = await createAnn(server);
    expect((await server.call("GET", "/verify?right=full", { as: full })).status).toBe(400);
    expect((await server.call("POST", "/verify", { as: full })).status).toBe(405);
    expect((await server.call("GET", "/verify/", { as: full })).status).toBe(404);
  });
});
