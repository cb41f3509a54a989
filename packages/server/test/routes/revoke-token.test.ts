import { expect, test } from "bun:test";
import { createToken } from "@conch/contract";
import { randomBytes } from "node:crypto";
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

  test("200 for one that could be a token, and is none; the log does not grow", async () => {
    const head = () => server.database.db.selectFrom("change_head").select("seq").execute();
    const before = await head();
    const token = createToken(randomBytes);
    expect((await server.call("POST", "/oauth/revoke", form({ token }))).status).toBe(200);
    expect(await head()).toEqual(before);
  });

  test("200 for one that was revoked before; the log does not grow either", async () => {
    const { ann } = await createAnn(server);
    const parts = form({ token: tokenOf(await server.createToken(ann, "twice")) });
    expect((await server.call("POST", "/oauth/revoke", parts)).status).toBe(200);
    const head = () => server.database.db.selectFrom("change_head").select("seq").execute();
    const before = await head();
    expect((await server.call("POST", "/oauth/revoke", parts)).status).toBe(200);
    expect(await head()).toEqual(before);
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
