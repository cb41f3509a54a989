import { expect, test } from "bun:test";
import { describeServer } from "../server.ts";

describeServer("GET /user/me", (server) => {
  test("200: the user in detail, and nothing else of the row", async () => {
    const user = await server.createUser({ name: "Ann Example" });
    const answer = await server.call("GET", "/user/me", { as: user.session });
    expect(answer.status).toBe(200);
    expect(answer.json()).toEqual({
      id: user.id,
      name: "Ann Example",
      email: user.email,
      created: "2023-11-14T22:13:20.000Z",
      last_login: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      refuse_session_auth: false,
      force_password_change: false,
      is_admin: false,
      workspaces: [],
    });
  });

  test("401 without a credential", async () => {
    expect((await server.call("GET", "/user/me")).status).toBe(401);
  });
});
