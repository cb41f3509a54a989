import { expect, test } from "bun:test";
import { describeServer } from "../server.ts";

describeServer("DELETE /user/me/settings/{key}", (server) => {
  const path = "/user/me/settings";

  test("204, then 404; the others stay", async () => {
    const { session: as } = await server.createUser();
    await server.call("POST", path, { as, json: { a: null, b: 1 } });
    expect((await server.call("DELETE", `${path}/a`, { as })).status).toBe(204);
    expect((await server.call("DELETE", `${path}/a`, { as })).status).toBe(404);
    expect((await server.call("GET", path, { as })).json()).toEqual({ b: 1 });
  });

  test("400: an unknown parameter deletes nothing", async () => {
    const { session: as } = await server.createUser();
    await server.call("POST", `${path}/a`, { as, json: { a: 1 } });
    expect((await server.call("DELETE", `${path}/a?all=1`, { as })).status).toBe(400);
    expect((await server.call("GET", `${path}/a`, { as })).status).toBe(200);
  });
});
