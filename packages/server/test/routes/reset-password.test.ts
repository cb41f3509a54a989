import { expect, test } from "bun:test";
import { type Answer, PASSWORD, describeServer, sessionOf } from "../server.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const NEW_PASSWORD = "velvet anchor drifts at noon";

describeServer("DELETE /user/{user}/password", (server) => {
  async function reset(query = "") {
    const admin = await server.createUser({ is_admin: 1 });
    const user = await server.createUser();
    const token = await server.createToken(user, "t");
    const path = `/user/email=${encodeURIComponent(user.email)}/password${query}`;
    const answer = await server.call("DELETE", path, { as: admin.session });
    const mail = (await server.mails()).find(({ to }) => to === user.email);
    const password = /^Password: (\S+)$/m.exec(mail?.text ?? "")?.[1] ?? "";
    const details = await server.call("GET", `/user/${user.id}`, { as: admin.session });
    return { admin, user, token, answer, mail, password, details };
  }
  const isLive = async (as: Record<string, string>) =>
    (await server.call("GET", "/me", { as })).status === 204;
  const setPassword = (login: Answer, query = "") =>
    server.call("POST", `/user/me/password${query}`, {
      as: sessionOf(login),
      json: { password: NEW_PASSWORD },
    });

  test("204 mails a one-time password and ends logins", async () => {
    const { user, token, answer, mail, password, details } = await reset();
    expect(answer.status).toBe(204);
    expect(answer.headers.get("x-conch-mail")).toBe("file");
    expect(mail?.text).toContain(`Username: ${user.name}\r\nEmail: ${user.email}\r\nPassword: `);
    expect(password).toMatch(/^[0-9A-Za-z]{16,}$/);
    expect(details.json()).toMatchObject({
      refuse_session_auth: true,
      force_password_change: true,
    });
    expect(await isLive(user.session)).toBe(false);
    expect(await isLive(token)).toBe(true);
    expect((await server.login(user.email, PASSWORD)).status).toBe(401);
  });

  test("204: clear_tokens=all takes API tokens along, none keeps everything but forces a change", async () => {
    const all = await reset("?clear_tokens=all");
    expect(await isLive(all.token)).toBe(false);
    const none = await reset("?clear_tokens=none");
    expect(none.details.json()).toMatchObject({
      refuse_session_auth: false,
      force_password_change: true,
    });
    const kept = await server.call("GET", "/me", { as: none.user.session });
    expect([kept.status, kept.headers.get("location")]).toEqual([401, "/user/me/password"]);
    expect(await isLive(none.token)).toBe(true);
  });

  test("204 without mail on request", async () => {
    const { answer, mail } = await reset("?send_password_reset_mail=0");
    expect(answer.status).toBe(204);
    expect(answer.headers.get("x-conch-mail")).toBeNull();
    expect(mail).toBeUndefined();
  });

  test("the way back: login, Location, every other route 401, new password, login", async () => {
    const { user, token, password } = await reset();
    const login = await server.login(user.email, password);
    expect([login.status, login.headers.get("location")]).toEqual([200, "/user/me/password"]);
    const session = sessionOf(login);
    for (const [method, path] of [
      ["GET", "/me"],
      ["GET", "/user/me"],
      ["GET", "/user"],
      ["POST", "/user/me/revoke"],
      ["POST", "/refresh_token"],
    ] as const) {
      const answer = await server.call(method, path, { as: session });
      expect([path, answer.status, answer.headers.get("location")]).toEqual([
        path,
        401,
        "/user/me/password",
      ]);
      expect(answer.field("code")).toBe("password_change_required");
    }
    expect(await isLive(token)).toBe(true);
    const reused = await server.call("POST", "/user/me/password", {
      as: session,
      json: { password },
    });
    expect([reused.status, reused.field("code")]).toEqual([400, "weak_password"]);
    expect((await setPassword(login, "?clear_tokens=login_only")).status).toBe(204);
    expect((await server.login(user.email, password)).status).toBe(401);
    const again = await server.login(user.email, NEW_PASSWORD);
    expect([again.status, again.headers.get("location")]).toEqual([200, null]);
    expect(await isLive(sessionOf(again))).toBe(true);
  });

  test("a broken second step locks nobody out: the password is good for 10 minutes after its first use", async () => {
    const { user, password } = await reset();
    const first = await server.login(user.email, password);
    server.advance(9 * MINUTE_MS);
    const second = await server.login(user.email, password);
    expect([first.status, second.status]).toEqual([200, 200]);
    server.advance(MINUTE_MS);
    expect((await server.login(user.email, password)).status).toBe(401);
    expect((await setPassword(first)).status).toBe(401);
    expect((await setPassword(second)).status).toBe(204);
  });

  test("an unused one-time password ends after 7 days", async () => {
    const early = await reset();
    server.advance(7 * DAY_MS - MINUTE_MS);
    expect((await server.login(early.user.email, early.password)).status).toBe(200);
    const late = await reset();
    server.advance(7 * DAY_MS);
    expect((await server.login(late.user.email, late.password)).status).toBe(401);
  });

  test("400 for another clear_tokens and for unknown parameters; 404 for nobody", async () => {
    const admin = await server.createUser({ is_admin: 1 });
    const user = await server.createUser();
    const status = async (path: string) =>
      (await server.call("DELETE", path, { as: admin.session })).status;
    expect(await status(`/user/${user.id}/password?clear_tokens=x`)).toBe(400);
    expect(await status(`/user/${user.id}/password?send_mail=0`)).toBe(400);
    expect(await status("/user/email=nobody@example.com/password")).toBe(404);
    expect((await server.login(user.email, PASSWORD)).status).toBe(200);
  });
});
