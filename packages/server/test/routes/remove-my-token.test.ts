import { expect, test } from "bun:test";
import { describeServer } from "../server.ts";

const DAY_MS = 86_400_000;

describeServer("DELETE /user/me/token/{name}", (server) => {
  test("204: refused at once, gone from the list; 404 the second time", async () => {
    const user = await server.createUser();
    const token = await server.createToken(user, "t");
    const other = await server.createToken(user, "other");
    const remove = () => server.call("DELETE", "/user/me/token/t", { as: user.session });
    expect((await remove()).status).toBe(204);
    expect((await server.call("GET", "/me", { as: token })).status).toBe(401);
    expect((await server.call("GET", "/me", { as: other })).status).toBe(204);
    const list = await server.call("GET", "/user/me/token", { as: user.session });
    expect(list.list().map(({ name }) => name)).toEqual(["other"]);
    expect((await remove()).status).toBe(404);
  });

  test("204: a token may remove itself", async () => {
    const token = await server.createToken(await server.createUser(), "self");
    expect((await server.call("DELETE", "/user/me/token/self", { as: token })).status).toBe(204);
    expect((await server.call("GET", "/me", { as: token })).status).toBe(401);
  });

  test("204 takes expired namesakes along, so that the name is really gone", async () => {
    const user = await server.createUser({ is_admin: 1 });
    const expires = new Date(server.nowMs() + DAY_MS).toISOString();
    await server.createToken(user, "again", { expires });
    server.advance(DAY_MS);
    await server.createToken(user, "again");
    const path = "/user/me/token/again";
    expect((await server.call("DELETE", path, { as: user.session })).status).toBe(204);
    expect((await server.call("GET", path, { as: user.session })).status).toBe(404);
  });

  test("400: an unknown query parameter removes nothing; pitfall 34: nor does _method on a GET", async () => {
    const user = await server.createUser();
    const token = await server.createToken(user, "t");
    const path = "/user/me/token/t";
    const unknown = await server.call("DELETE", `${path}?force=1`, { as: user.session });
    expect([unknown.status, unknown.field("code")]).toEqual([400, "unknown_parameter"]);
    const get = await server.call("GET", `${path}?_method=DELETE`, { as: user.session });
    expect(get.status).toBe(200);
    const post = await server.call("POST", `${path}?_method=DELETE`, {
      as: user.session,
      headers: { "x-http-method-override": "DELETE" },
    });
    expect(post.status).toBe(405);
    expect((await server.call("GET", "/me", { as: token })).status).toBe(204);
  });
});
