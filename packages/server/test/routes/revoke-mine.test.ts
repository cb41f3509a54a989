import { expect, test } from "bun:test";
import { PASSWORD, describeServer, sessionOf } from "../server.ts";

describeServer("POST /user/me/revoke", (server) => {
  async function revoke(query: string) {
    const user = await server.createUser();
    const token = await server.createToken(user, "t");
    const answer = await server.call("POST", `/user/me/revoke${query}`, { as: user.session });
    const isLive = async (as: Record<string, string>) =>
      (await server.call("GET", "/me", { as })).status === 204;
    return { user, answer, session: await isLive(user.session), token: await isLive(token) };
  }

  test("pitfall 5: 204, and only what was asked for is gone; auth_only means login_only", async () => {
    const cases: [query: string, session: boolean, token: boolean][] = [
      ["", false, false],
      ["?api_only=1", true, false],
      ["?api_only=true&login_only=0", true, false],
      ["?login_only=1", false, true],
      ["?auth_only=1", false, true],
      ["?auth_only=1&login_only=1&api_only=false", false, true],
      ["?api_only=0&login_only=false", false, false],
      ["?wait=1", false, false],
    ];
    for (const [query, session, token] of cases) {
      const result = await revoke(query);
      expect([query, [200, 204].includes(result.answer.status)]).toEqual([query, true]);
      expect([query, result.session, result.token]).toEqual([query, session, token]);
    }
  });

  test("pitfall 36: logins are refused until the next one, by the flag too", async () => {
    const { user } = await revoke("?login_only=1");
    const row = await server.database.db
      .selectFrom("user_account")
      .select("refuse_session_auth")
      .where("id", "=", user.id)
      .executeTakeFirstOrThrow();
    expect(row.refuse_session_auth).toBe(1);
    const session = sessionOf(await server.login(user.email, PASSWORD));
    expect((await server.call("GET", "/me", { as: session })).status).toBe(204);
    expect((await server.call("GET", "/me", { as: user.session })).status).toBe(401);
  });

  test("400: both, unknown, repeated and malformed parameters; nothing is revoked", async () => {
    const cases: [query: string, code: string][] = [
      ["?api_only=1&login_only=1", "conflicting_parameters"],
      ["?api_only=1&auth_only=1", "conflicting_parameters"],
      ["?login-only=1", "unknown_parameter"],
      ["?__proto__=1", "unknown_parameter"],
      ["?api_only=1&api_only=0", "invalid_request"],
      ["?api_only=2", "invalid_request"],
    ];
    for (const [query, code] of cases) {
      const result = await revoke(query);
      expect([query, result.answer.status, result.answer.field("code")]).toEqual([
        query,
        400,
        code,
      ]);
      expect([result.session, result.token]).toEqual([true, true]);
    }
    const both = await revoke("?api_only=1&login_only=1");
    expect(both.answer.field("error")).toBe("cannot use login_only and api_only together");
  });
});
