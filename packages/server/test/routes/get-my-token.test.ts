import { expect, test } from "bun:test";
import { describeServer } from "../server.ts";

describeServer("GET /user/me/token/{name}", (server) => {
  test("200: its data, never its value", async () => {
    const user = await server.createUser();
    await server.createToken(user, "a/b c", { rights: "verify" });
    const answer = await server.call("GET", "/user/me/token/a%2Fb%20c", { as: user.session });
    expect(answer.status).toBe(200);
    expect(answer.json()).toEqual({
      name: "a/b c",
      created: expect.any(String) as string,
      last_used: null,
      expires: expect.any(String) as string,
      rights: "verify",
    });
  });

  test("404: unknown, another case, somebody else's, removed", async () => {
    const user = await server.createUser();
    await server.createToken(user, "mine");
    await server.createToken(await server.createUser(), "theirs");
    for (const name of ["none", "Mine", "theirs", "x".repeat(6000), "a%00b", "%ff", "%"]) {
      const answer = await server.call("GET", `/user/me/token/${name}`, { as: user.session });
      expect([answer.status, answer.field("code")]).toEqual([404, "not_found"]);
    }
    await server.call("DELETE", "/user/me/token/mine", { as: user.session });
    const gone = await server.call("GET", "/user/me/token/mine", { as: user.session });
    expect(gone.status).toBe(404);
  });
});
