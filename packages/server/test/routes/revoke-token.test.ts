import { expect, test } from "bun:test";
import { describeServer } from "../server.ts";
import { createAnn, form, jwtOf, tokenOf } from "../verification.ts";

describeServer("POST /oauth/revoke", (server) => {
  test("200: whoever holds a token may revoke it", async () => {
    const { ann } = await createAnn(server);
    const token = await server.createToken(ann, "thrown away");
    expect((await server.call("GET", "/verify", { as: token })).status).toBe(200);
    const answer = await server.call("POST", "/oauth/revoke", form({ token: tokenOf(token) }));
    expect(answer.status).toBe(200);
    expect(answer.text).toBe("");
    expect((await server.call("GET", "/verify", { as: token })).status).toBe(401);
    const again = await server.call("POST", "/oauth/revoke", form({ token: tokenOf(token) }));
    expect(again.status).toBe(200);
  });

  test("200 for unknown and malformed ones; 400 without one", async () => {
    const unknown = await server.call("POST", "/oauth/revoke", form({ token: "nothing" }));
    expect(unknown.status).toBe(200);
    expect((await server.call("POST", "/oauth/revoke", form({}))).status).toBe(400);
  });

  test("a form of as many fields as fit into a body holds nobody up", async () => {
    const many = Array.from({ length: 100_000 }, (_, index) => [`k${index}`, ""] as const);
    const startedMs = performance.now();
    const answer = await server.call("POST", "/oauth/revoke", form(Object.fromEntries(many)));
    expect(answer.status).toBe(400);
    // Milliseconds; were each field looked for among all the others, most of a minute.
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });

  test("200 for a session, which then is dead", async () => {
    const { ann } = await createAnn(server);
    const token = jwtOf(ann.session);
    expect((await server.call("POST", "/oauth/revoke", form({ token }))).status).toBe(200);
    expect((await server.call("GET", "/me", { as: ann.session })).status).toBe(401);
  });
});
