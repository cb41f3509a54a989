import { expect, test } from "bun:test";
import { describeServer } from "../server.ts";

describeServer("GET /user/me/settings", (server) => {
  const path = "/user/me/settings";

  test("200: all of them, {} where there are none, nobody else's", async () => {
    const { session: as } = await server.createUser();
    const other = await server.createUser();
    expect((await server.call("GET", path, { as })).text).toBe("{}");
    const json = { a: 1, b: { c: [null] } };
    await server.call("POST", path, { as, json });
    expect((await server.call("GET", path, { as })).json()).toEqual(json);
    expect((await server.call("GET", path, { as: other.session })).text).toBe("{}");
  });
});
