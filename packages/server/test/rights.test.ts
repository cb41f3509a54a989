import { expect, test } from "bun:test";
import { describeServer } from "./server.ts";
import { createAnn } from "./verification.ts";

describeServer("the rights of a token", (server) => {
  test("a verify token can do nothing else, a read token only GET", async () => {
    const { read, verify } = await createAnn(server);
    expect((await server.call("GET", "/user/me", { as: verify })).status).toBe(403);
    expect((await server.call("GET", "/me", { as: verify })).status).toBe(403);
    expect((await server.call("DELETE", "/user/me/token/x", { as: verify })).status).toBe(403);
    expect((await server.call("GET", "/user/me", { as: read })).status).toBe(200);
    expect((await server.call("DELETE", "/user/me/token/x", { as: read })).status).toBe(403);
    expect((await server.call("POST", "/changes", { as: read, json: {} })).status).toBe(403);
  });
});
