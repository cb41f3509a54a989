import { expect, test } from "bun:test";
import { bearer, describeServer } from "../server.ts";

describeServer("POST /logout", (server) => {
  test("pitfall 36: 204 clears the cookie and ends the session", async () => {
    const user = await server.createUser();
    const answer = await server.call("POST", "/logout", { as: user.session });
    expect(answer.status).toBe(204);
    expect(answer.headers.get("set-cookie")).toMatch(/^jwt_sig=; Path=\/; HttpOnly.*Max-Age=0$/);
    expect((await server.call("GET", "/me", { as: user.session })).status).toBe(401);
  });

  test("204 without a credential, with a dead one, and with any empty body", async () => {
    const user = await server.createUser();
    expect((await server.call("POST", "/logout")).status).toBe(204);
    expect((await server.call("POST", "/logout", { as: bearer("x.y.z") })).status).toBe(204);
    for (const json of [null, {}]) {
      expect((await server.call("POST", "/logout", { as: user.session, json })).status).toBe(204);
    }
  });

  test("204 leaves an API token alive", async () => {
    const token = await server.createToken(await server.createUser(), "kept");
    expect((await server.call("POST", "/logout", { as: token })).status).toBe(204);
    expect((await server.call("GET", "/me", { as: token })).status).toBe(204);
  });

  test("204 once more for a session that was ended", async () => {
    const { session: as } = await server.createUser();
    expect((await server.call("POST", "/logout", { as })).status).toBe(204);
    expect((await server.call("POST", "/logout", { as })).status).toBe(204);
  });

  test("400: a query parameter", async () => {
    const user = await server.createUser();
    const answer = await server.call("POST", "/logout?all=1", { as: user.session });
    expect([answer.status, answer.field("code")]).toEqual([400, "unknown_parameter"]);
    expect((await server.call("GET", "/me", { as: user.session })).status).toBe(204);
  });

  test("400: a body with something in it", async () => {
    const answer = await server.call("POST", "/logout", { json: { all: true } });
    expect([answer.status, answer.field("code")]).toEqual([400, "invalid_request"]);
  });
});
