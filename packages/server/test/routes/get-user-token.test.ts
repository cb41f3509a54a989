import { expect, test } from "bun:test";
import { describeServer } from "../server.ts";

describeServer("GET /user/{user}/token/{name}", (server) => {
  test("200: an administrator sees a user's token, never its value; the address may be raw", async () => {
    const admin = await server.createUser({ is_admin: 1 });
    const user = await server.createUser();
    await server.createToken(user, "b/1");
    for (const id of [user.id, `email=${user.email}`, `email=${encodeURIComponent(user.email)}`]) {
      const one = await server.call("GET", `/user/${id}/token/b%2F1`, { as: admin.session });
      expect(one.status).toBe(200);
      expect(one.json()).toMatchObject({ name: "b/1", rights: "full" });
      expect(one.text).not.toContain("conch_");
    }
  });

  test("404: no such token, no such user", async () => {
    const admin = await server.createUser({ is_admin: 1 });
    const user = await server.createUser();
    for (const path of [`${user.id}/token/none`, "email=nobody@example.com/token/none"]) {
      const answer = await server.call("GET", `/user/${path}`, { as: admin.session });
      expect([path, answer.status]).toEqual([path, 404]);
    }
  });
});
