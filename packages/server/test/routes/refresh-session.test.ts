import { expect, test } from "bun:test";
import { describeServer, sessionOf } from "../server.ts";

describeServer("POST /refresh_token", (server) => {
  test("200: a new session, and the old one has ended", async () => {
    const user = await server.createUser();
    const answer = await server.call("POST", "/refresh_token", { as: user.session });
    expect(answer.status).toBe(200);
    expect((await server.call("GET", "/me", { as: sessionOf(answer) })).status).toBe(204);
    expect((await server.call("GET", "/me", { as: user.session })).status).toBe(401);
    const again = await server.call("POST", "/refresh_token", { as: user.session });
    expect(again.status).toBe(401);
  });

  test("200 once of several at a time: one session does not become two", async () => {
    const user = await server.createUser();
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => server.call("POST", "/refresh_token", { as: user.session })),
    );
    const statuses = answers.map(({ status }) => status).sort((a, b) => a - b);
    expect(statuses).toEqual([200, 401, 401, 401]);
  });

  test("403 for an API token, which lives on", async () => {
    const token = await server.createToken(await server.createUser(), "kept");
    const answer = await server.call("POST", "/refresh_token", { as: token });
    expect([answer.status, answer.field("code")]).toEqual([403, "session_required"]);
    expect(answer.headers.get("set-cookie")).toBeNull();
    expect((await server.call("GET", "/me", { as: token })).status).toBe(204);
  });
});
