import { expect, test } from "bun:test";
import { describeServer } from "../server.ts";

describeServer("GET /user/{user}", (server) => {
  test("200 by id and by address in any case, 400, 404", async () => {
    const admin = await server.createUser({ is_admin: 1 });
    const user = await server.createUser();
    const found = await server.call("GET", `/user/${user.id}`, { as: admin.session });
    expect(found.json()).toMatchObject({ id: user.id, is_admin: false });
    const status = async (id: string) =>
      (await server.call("GET", `/user/${id}`, { as: admin.session })).status;
    expect(await status(`email=${user.email.toUpperCase()}`)).toBe(200);
    expect(await status(user.id.toUpperCase())).toBe(200);
    expect(await status("bob")).toBe(400);
    expect(await status("email=nobody@example.com")).toBe(404);
  });
});
