import { expect, test } from "bun:test";
import { describeServer } from "../server.ts";

describeServer("GET /user/me/settings/{key}", (server) => {
  const path = "/user/me/settings";

  test("200: the key with its value", async () => {
    const { session: as } = await server.createUser();
    await server.call("POST", path, { as, json: { a: { b: null }, c: 1 } });
    const answer = await server.call("GET", `${path}/a`, { as });
    expect([answer.status, answer.json()]).toEqual([200, { a: { b: null } }]);
  });

  test("404: no such key, and somebody else's", async () => {
    const one = await server.createUser();
    const two = await server.createUser();
    await server.call("POST", path, { as: one.session, json: { a: 1 } });
    expect((await server.call("GET", `${path}/b`, { as: one.session })).status).toBe(404);
    expect((await server.call("GET", `${path}/a`, { as: two.session })).status).toBe(404);
  });
});
