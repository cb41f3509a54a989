import { expect, test } from "bun:test";
import { describeServer } from "../server.ts";

describeServer("DELETE /user/{user}", (server) => {
  async function start() {
    const admin = await server.createUser({ is_admin: 1 });
    const user = await server.createUser();
    const call = (method: string, query = "", json?: object) =>
      server.call(method, `/user/${user.id}${query}`, { as: admin.session, json });
    return { admin, user, call };
  }

  test("204, then 410 and 404 everywhere else; nothing of theirs is accepted any more", async () => {
    const { user, call } = await start();
    const token = await server.createToken(user, "t");
    const first = await call("DELETE", "?clear_tokens=0");
    expect(first.status).toBe(204);
    for (const as of [user.session, token]) {
      expect((await server.call("GET", "/me", { as })).status).toBe(401);
    }
    const again = await call("DELETE");
    expect([again.status, again.field("error")]).toEqual([410, "user was already deactivated"]);
    for (const [method, path] of [
      ["GET", ""],
      ["POST", "/revoke"],
      ["DELETE", "/password"],
      ["GET", "/token"],
      ["DELETE", "/token/t"],
    ] as const) {
      expect([path, (await call(method, path)).status]).toEqual([path, 404]);
    }
  });

  test("by address: 410 the second time, and the address is free for a new user", async () => {
    const { admin, user } = await start();
    const path = `/user/email=${user.email}`;
    expect((await server.call("DELETE", path, { as: admin.session })).status).toBe(204);
    expect((await server.call("DELETE", path, { as: admin.session })).status).toBe(410);
    const json = { email: user.email };
    const created = await server.call("POST", "/user", { as: admin.session, json });
    expect(created.status).toBe(201);
    expect((await server.call("GET", path, { as: admin.session })).field("id")).toBe(
      created.field("id"),
    );
  });

  test("400 and 404 deactivate nobody", async () => {
    const { admin, user, call } = await start();
    expect((await call("DELETE", "?clear_token=0")).status).toBe(400);
    const nobody = await server.call("DELETE", "/user/email=nobody@example.com", {
      as: admin.session,
    });
    expect(nobody.status).toBe(404);
    expect((await server.call("GET", "/me", { as: user.session })).status).toBe(204);
  });
});
