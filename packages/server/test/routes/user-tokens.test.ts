import { expect, test } from "bun:test";
import { describeServer } from "../server.ts";

describeServer("…/user/{user}/token and …/token/{name}", (server) => {
  test("200: an administrator sees a user's tokens, never a value; the address may be raw", async () => {
    const admin = await server.createUser({ is_admin: 1 });
    const user = await server.createUser();
    await server.createToken(user, "b/1");
    await server.createToken(user, "a");
    for (const id of [user.id, `email=${user.email}`, `email=${encodeURIComponent(user.email)}`]) {
      const list = await server.call("GET", `/user/${id}/token`, { as: admin.session });
      expect(list.status).toBe(200);
      expect(list.list().map(({ name }) => name)).toEqual(["a", "b/1"]);
      const one = await server.call("GET", `/user/${id}/token/b%2F1`, { as: admin.session });
      expect(one.json()).toMatchObject({ name: "b/1", rights: "full" });
      expect(list.text + one.text).not.toContain("conch_");
    }
  });

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

  test("nobody can create a token for somebody else", async () => {
    const admin = await server.createUser({ is_admin: 1 });
    const user = await server.createUser();
    const answer = await server.call("POST", `/user/${user.id}/token`, {
      as: admin.session,
      json: { name: "t" },
    });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET"]);
  });

  test("400 invalid_identifier, 404 unknown and deactivated users", async () => {
    const admin = await server.createUser({ is_admin: 1 });
    const user = await server.createUser();
    const get = (id: string) => server.call("GET", `/user/${id}/token`, { as: admin.session });
    for (const id of ["bob", "email=", "email=bob", "%6de", `${user.id}0`]) {
      const answer = await get(id);
      expect([answer.status, answer.field("code")]).toEqual([400, "invalid_identifier"]);
      expect(answer.field("error")).toBe(`invalid identifier format for ${decodeURIComponent(id)}`);
    }
    await server.call("DELETE", `/user/${user.id}?clear_tokens=0`, { as: admin.session });
    for (const id of [user.id, `email=${user.email}`]) expect((await get(id)).status).toBe(404);
  });
});
