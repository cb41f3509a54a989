import { expect, test } from "bun:test";
import { describeServer } from "../server.ts";

describeServer("DELETE /user/{user}/token/{name}", (server) => {
  test("204: an administrator removes one; 404 for one that is not there", async () => {
    const admin = await server.createUser({ is_admin: 1 });
    const user = await server.createUser();
    const token = await server.createToken(user, "leaked");
    const path = `/user/email=${user.email}/token/leaked`;
    expect((await server.call("DELETE", path, { as: admin.session })).status).toBe(204);
    expect((await server.call("GET", "/me", { as: token })).status).toBe(401);
    expect((await server.call("DELETE", path, { as: admin.session })).status).toBe(404);
    expect((await server.call("GET", path, { as: admin.session })).status).toBe(404);
  });
});
