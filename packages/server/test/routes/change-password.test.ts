import { expect, test } from "bun:test";
import { PASSWORD, describeServer } from "../server.ts";

const NEW_PASSWORD = "velvet anchor drifts at noon";

describeServer("POST /user/me/password", (server) => {
  const change = (as: Record<string, string>, query = "", more = {}) =>
    server.call("POST", `/user/me/password${query}`, {
      as,
      json: { password: NEW_PASSWORD, ...more },
    });
  const isLive = async (as: Record<string, string>) =>
    (await server.call("GET", "/me", { as })).status === 204;

  test("pitfall 36: 204 ends every login session, this one too, and keeps API tokens", async () => {
    const user = await server.createUser();
    const token = await server.createToken(user, "t");
    expect((await change(user.session)).status).toBe(204);
    expect(await isLive(user.session)).toBe(false);
    expect(await isLive(token)).toBe(true);
    expect((await server.login(user.email, PASSWORD)).status).toBe(401);
    expect((await server.login(user.email, NEW_PASSWORD)).status).toBe(200);
  });

  test("204: clear_tokens says what goes along", async () => {
    const cases: [value: string, session: boolean, token: boolean][] = [
      ["0", true, true],
      ["no", true, true],
      ["false", true, true],
      ["none", true, true],
      ["1", false, true],
      ["login_only", false, true],
      ["all", false, false],
    ];
    for (const [value, session, token] of cases) {
      const user = await server.createUser();
      const api = await server.createToken(user, "t");
      expect((await change(api, `?clear_tokens=${value}`)).status).toBe(204);
      expect([value, await isLive(user.session), await isLive(api)]).toEqual([
        value,
        session,
        token,
      ]);
    }
  });

  test("400: another clear_tokens, an unknown parameter, and nothing has changed", async () => {
    const user = await server.createUser();
    const wrong = await change(user.session, "?clear_tokens=some");
    expect(wrong.status).toBe(400);
    expect(wrong.field("error")).toBe('unrecognized "clear_tokens" value "some"');
    const unknown = await change(user.session, "?purge=1");
    expect([unknown.status, unknown.field("code")]).toEqual([400, "unknown_parameter"]);
    expect((await server.login(user.email, PASSWORD)).status).toBe(200);
  });

  test("400: passwords that the policy refuses, with the reason; pitfall 16: the user's own name", async () => {
    const user = await server.createUser({ name: "Bartholomew Quince" });
    const cases: [password: string, reason: RegExp][] = [
      ["", /at least 12 characters/],
      ["elevenchars", /at least 12 characters/],
      ["bartholomew quince", /name or address/],
      [user.email.toUpperCase(), /name or address/],
      ["password12345", /too easy to guess/],
      ["aaaaaaaaaaaaaaaa", /too easy to guess: .*(repeat|guess)/i],
      ["x\ud800 anchors drift at noon", /surrogates/],
      ["é".repeat(501), /1000 bytes/],
    ];
    for (const [password, reason] of cases) {
      const answer = await change(user.session, "", { password });
      expect([answer.status, answer.field("code")]).toEqual([400, "weak_password"]);
      expect(answer.field("error")).toMatch(reason);
    }
  });

  test("pitfall 35: 1,000 bytes are taken whole", async () => {
    const user = await server.createUser();
    const password = Buffer.from("velvet anchor drifts at noon ".repeat(40)).toString(
      "utf8",
      0,
      1000,
    );
    expect((await change(user.session, "", { password })).status).toBe(204);
    expect((await server.login(user.email, password.slice(0, -1))).status).toBe(401);
    expect((await server.login(user.email, password)).status).toBe(200);
  });

  test("400 wrong_password where current_password is wrong, 429 after ten of them", async () => {
    const user = await server.createUser();
    for (let round = 0; round < 10; round += 1) {
      const answer = await change(user.session, "", { current_password: "guess" });
      expect([answer.status, answer.field("code")]).toEqual([400, "wrong_password"]);
    }
    const locked = await change(user.session, "", { current_password: PASSWORD });
    expect([locked.status, locked.field("code")]).toEqual([429, "too_many_attempts"]);
    server.advance(600_000);
    const right = await change(user.session, "", { current_password: PASSWORD });
    expect(right.status).toBe(204);
  });
});
