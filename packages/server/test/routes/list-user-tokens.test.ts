import { expect, test } from "bun:test";
import { describeServer } from "../server.ts";

describeServer("GET /user/{user}/token", (server) => {
  test("200: an administrator sees a user's tokens, never a value; the address may be raw", async () => {
    const admin = await server.createUser({ is_admin: 1 });
    const user = await server.createUser();
    await server.createToken(user, "b/1");
    await server.createToken(user, "a");
    for (const id of [user.id, `email=${user.email}`, `email=${encodeURIComponent(user.email)}`]) {
      const list = await server.call("GET", `/user/${id}/token`, { as: admin.session });
      expect(list.status).toBe(200);
      expect(list.list().map(({ name }) => name)).toEqual(["a", "b/1"]);
      expect(list.text).not.toContain("conch_");
    }
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

  test("405: nobody can create a token for somebody else", async () => {
    const admin = await server.createUser({ is_admin: 1 });
    const user = await server.createUser();
    const answer = await server.call("POST", `/user/${user.id}/token`, {
      as: admin.session,
      json: { name: "t" },
    });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET"]);
  });
});
