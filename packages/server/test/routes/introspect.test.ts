import { expect, test } from "bun:test";
import { type Credential, describeServer } from "../server.ts";
import { createAnn, form, tokenOf } from "../verification.ts";

describeServer("POST /introspect", (server) => {
  test("200: what a token stands for", async () => {
    const { ann, full, verify } = await createAnn(server);
    const answer = await server.call("POST", "/introspect", {
      as: verify,
      ...form({ token: tokenOf(full), token_type_hint: "access_token" }),
    });
    expect(answer.status).toBe(200);
    expect(answer.json()).toEqual({
      active: true,
      token_type: "Bearer",
      scope: "full",
      sub: ann.id,
      username: ann.email,
      iss: server.url,
      iat: expect.any(Number),
      exp: expect.any(Number),
      user_name: "Ann",
      token_name: "clé à 100%",
      admin: false,
    });
  });

  test("200 and nothing but inactive for dead, unknown and malformed ones", async () => {
    const { ann, full, verify } = await createAnn(server);
    const gone = await server.createToken(ann, "gone");
    await server.call("DELETE", "/user/me/token/gone", { as: full });
    const malformed = ["x", tokenOf(full).slice(0, -1), "a.b.c", tokenOf(full) + "x"];
    for (const token of [tokenOf(gone), ...malformed]) {
      const answer = await server.call("POST", "/introspect", { as: verify, ...form({ token }) });
      expect(answer.status).toBe(200);
      expect(answer.json()).toEqual({ active: false });
    }
  });

  test("400, 401, 403, 415", async () => {
    const { read, verify } = await createAnn(server);
    const good = form({ token: "x" });
    const ask = (as: Credential | undefined, parts: object) =>
      server.call("POST", "/introspect", { ...(as && { as }), ...parts });
    expect((await ask(verify, form({}))).json()).toMatchObject({
      error: "invalid_request",
      error_description: expect.stringContaining("token"),
      code: "invalid_request",
    });
    expect((await ask(verify, form({ token: "" }))).status).toBe(400);
    expect((await ask(undefined, good)).status).toBe(401);
    const refused = await ask(read, good);
    expect(refused.status).toBe(403);
    expect(refused.headers.get("www-authenticate")).toContain('scope="verify"');
    expect((await ask(verify, { json: { token: "x" } })).status).toBe(415);
  });
});
