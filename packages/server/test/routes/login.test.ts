import { expect, test } from "bun:test";
import { PASSWORD, bearer, describeServer, sessionOf } from "../server.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

describeServer("POST /login", (server) => {
  test("200: two segments in the body, the third in a cookie, by id or address in any case", async () => {
    const user = await server.createUser({
      email: "Ann@Example.com",
      email_key: "ann@example.com",
    });
    for (const name of [user.id, user.id.toUpperCase(), "ann@example.com", "ANN@EXAMPLE.COM"]) {
      const answer = await server.login(name, PASSWORD);
      expect(answer.status).toBe(200);
      expect(Object.keys(answer.json())).toEqual(["jwt_token"]);
      expect(answer.field("jwt_token").split(".")).toHaveLength(2);
      expect(answer.headers.get("set-cookie")).toMatch(
        /^jwt_sig=[\w-]+; Path=\/; HttpOnly; SameSite=Strict$/,
      );
      expect(answer.headers.get("location")).toBeNull();
      const me = await server.call("GET", "/user/me", { as: sessionOf(answer) });
      expect(me.json()).toMatchObject({ id: user.id, email: "Ann@Example.com" });
      expect(me.json()["last_login"]).not.toBeNull();
    }
  });

  test("200: a session lives a day, an administrator's 30", async () => {
    const user = await server.createUser();
    const admin = await server.createUser({ is_admin: 1 });
    server.advance(DAY_MS);
    const status = async (as: Record<string, string>) =>
      (await server.call("GET", "/me", { as })).status;
    expect(await status(user.session)).toBe(401);
    expect(await status(admin.session)).toBe(204);
    server.advance(29 * DAY_MS);
    expect(await status(admin.session)).toBe(401);
  });

  test("401: unknown user, wrong password, deactivated user, all alike", async () => {
    const { email } = await server.createUser();
    const gone = await server.createUser();
    await server.database.db
      .updateTable("user_account")
      .set({ deactivated_at_ms: 1 })
      .where("id", "=", gone.id)
      .execute();
    const answers = await Promise.all([
      server.login("nobody@example.com", PASSWORD),
      server.login(email, `${PASSWORD}!`),
      server.login(gone.id, PASSWORD),
      server.login(gone.email, PASSWORD),
      server.login("a\0b@example.com", PASSWORD),
      server.login("\ud800@example.com", PASSWORD),
    ]);
    for (const answer of answers) {
      expect(answer.status).toBe(401);
      expect(answer.json()).toMatchObject({ error: "Unauthorized", code: "unauthorized" });
      expect(answer.headers.get("set-cookie")).toBeNull();
      expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="conch"');
    }
  });

  test("400: missing, empty or further fields", async () => {
    const bodies = [
      undefined,
      {},
      { user: "a@example.com" },
      { user: "a@example.com", password: "" },
      { user: 1, password: "x" },
      { user: "a@example.com", password: "x", other: 1 },
      [],
      null,
    ];
    for (const json of bodies) {
      const answer = await server.call("POST", "/login", { json });
      expect(answer.status).toBe(400);
      expect(answer.json()["code"]).toBe("invalid_request");
    }
    const answer = await server.call("POST", "/login", { json: { user: "x", password: 5 } });
    expect(answer.json()["error"]).toStartWith("password: ");
  });

  test("400 not JSON, 413 too long, 415 another type", async () => {
    const type = { "content-type": "application/json" };
    const text = '{"user":"a","password":"hunter2"';
    const broken = await server.call("POST", "/login", { body: text, headers: type });
    expect([broken.status, broken.json()["code"]]).toEqual([400, "invalid_json"]);
    const long = JSON.stringify({ user: "a", password: "x".repeat(1024 * 1024) });
    const large = await server.call("POST", "/login", { body: long, headers: type });
    expect([large.status, large.json()["code"]]).toEqual([413, "body_too_large"]);
    const form = await server.call("POST", "/login", {
      body: "user=a&password=b",
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    expect([form.status, form.json()["code"]]).toEqual([415, "unsupported_media_type"]);
  });

  test("pitfall 31: 10 failures lock one account for one address, known or not; successes never count", async () => {
    const user = await server.createUser();
    for (let round = 0; round < 12; round += 1) {
      expect((await server.login(user.email, PASSWORD)).status).toBe(200);
    }
    for (const name of [user.email, "unknown@example.com"]) {
      const answers = await Promise.all(
        Array.from({ length: 14 }, () => server.login(name, "not the password")),
      );
      expect(answers.filter(({ status }) => status === 401)).toHaveLength(10);
      const refused = answers.filter(({ status }) => status === 429);
      expect(refused).toHaveLength(4);
      for (const answer of refused) {
        expect(answer.json()["code"]).toBe("too_many_attempts");
        const seconds = Number(answer.headers.get("retry-after"));
        expect(seconds).toBeGreaterThan(0);
        expect(seconds).toBeLessThanOrEqual(600);
      }
    }
    expect((await server.login(user.id, PASSWORD)).status).toBe(429);
    server.advance(10 * MINUTE_MS);
    expect((await server.login(user.id, PASSWORD)).status).toBe(200);
  });

  test("pitfall 35: every byte of a password counts", async () => {
    const long = `${"wander ".repeat(140)}end`;
    const passwordHash = await Bun.password.hash(long, {
      algorithm: "argon2id",
      memoryCost: 256,
      timeCost: 1,
    });
    const row = await server.createUser();
    await server.database.db
      .updateTable("user_account")
      .set({ password_hash: passwordHash })
      .where("id", "=", row.id)
      .execute();
    expect((await server.login(row.id, long)).status).toBe(200);
    expect((await server.login(row.id, long.slice(0, -1))).status).toBe(401);
  });

  test("success clears refuse_session_auth", async () => {
    const user = await server.createUser();
    const revoked = await server.call("POST", "/user/me/revoke?login_only=1", { as: user.session });
    expect(revoked.status).toBe(204);
    const session = sessionOf(await server.login(user.email, PASSWORD));
    const me = await server.call("GET", "/user/me", { as: session });
    expect(me.json()["refuse_session_auth"]).toBe(false);
    expect((await server.call("GET", "/me", { as: user.session })).status).toBe(401);
  });

  test("a whole JWT is accepted too; another algorithm, a fourth segment or a wrong key is not", async () => {
    const user = await server.createUser();
    const split = user.session["authorization"] ?? "";
    const signature = user.session["cookie"]?.replace("jwt_sig=", "") ?? "";
    const status = async (token: string) =>
      (await server.call("GET", "/me", { as: bearer(token) })).status;
    const jwt = `${split.replace("Bearer ", "")}.${signature}`;
    expect(await status(jwt)).toBe(204);
    expect(await status(`${jwt}.x`)).toBe(401);
    expect(await status(jwt.slice(0, -4))).toBe(401);
    expect(await status(split.replace("Bearer ", ""))).toBe(401);
    const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url");
    expect(await status(`${none}.${jwt.split(".")[1]}.`)).toBe(401);
  });
});
