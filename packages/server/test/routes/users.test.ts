import { expect, test } from "bun:test";
import { PASSWORD, describeServer, sessionOf } from "../server.ts";

const NEW_PASSWORD = "velvet anchor drifts at noon";
let count = 0;
const address = () => `new-${Date.now()}-${(count += 1)}@example.com`;

describeServer("GET, POST /user", (server) => {
  const create = async (json: object, query = "") => {
    const admin = await server.createUser({ is_admin: 1 });
    return server.call("POST", `/user${query}`, { as: admin.session, json });
  };

  test("GET 200: active users in detail, by address", async () => {
    const admin = await server.createUser({ is_admin: 1 });
    const gone = await server.createUser();
    await server.call("DELETE", `/user/${gone.id}`, { as: admin.session });
    const answer = await server.call("GET", "/user", { as: admin.session });
    expect(answer.status).toBe(200);
    const emails = answer.list().map(({ email }) => String(email));
    expect(emails).toContain(admin.email);
    expect(emails).not.toContain(gone.email);
    expect(emails).toEqual(emails.toSorted((a, b) => (a < b ? -1 : 1)));
    expect(answer.text).not.toContain("argon2");
  });

  test("POST 201: a password is made and mailed; Location, id, email and name are answered", async () => {
    const email = address();
    const answer = await create({ email, name: "Zoë Example" });
    expect(answer.status).toBe(201);
    expect(answer.json()).toEqual({ id: answer.field("id"), email, name: "Zoë Example" });
    expect(answer.headers.get("location")).toBe(`/user/${answer.field("id")}`);
    expect(answer.headers.get("x-conch-mail")).toBe("file");
    const mail = (await server.mails()).find(({ to }) => to === email);
    const password = /^Password: (\S{16,})$/m.exec(mail?.text ?? "")?.[1] ?? "";
    expect(mail?.text).toContain(`\nEmail: ${email}\r\n`);
    const login = await server.login(email, password);
    expect([login.status, login.headers.get("location")]).toEqual([200, null]);
  });

  test("POST 201: with a password, as administrator, without mail", async () => {
    const email = address();
    const json = { email, password: NEW_PASSWORD, is_admin: true };
    const answer = await create(json, "?send_mail=0");
    expect([answer.status, answer.field("name")]).toEqual([201, email]);
    expect(answer.headers.get("x-conch-mail")).toBeNull();
    expect((await server.mails()).filter(({ to }) => to === email)).toEqual([]);
    const session = sessionOf(await server.login(email, NEW_PASSWORD));
    expect((await server.call("GET", "/user", { as: session })).status).toBe(200);
  });

  test("POST 409: an active user has the address, in whatever case; once of several at a time", async () => {
    const user = await server.createUser({ name: "First" });
    const answer = await create({ email: user.email.toUpperCase() });
    expect([answer.status, answer.field("error")]).toEqual([409, "duplicate user found"]);
    expect(answer.json()["user"]).toEqual({
      id: user.id,
      email: user.email,
      name: "First",
      created: "2023-11-14T22:13:20.000Z",
      deactivated: null,
    });
    const email = address();
    const answers = await Promise.all([1, 2, 3].map(() => create({ email })));
    const statuses = answers.map(({ status }) => status).sort((a, b) => a - b);
    expect(statuses).toEqual([201, 409, 409]);
  });

  test("POST 400: bad address, the name me, weak password, unknown fields", async () => {
    const cases: [json: object, code: string][] = [
      [{}, "invalid_request"],
      [{ email: "nobody" }, "invalid_request"],
      [{ email: "a@b.c\nBcc: x@y.z" }, "invalid_request"],
      [{ email: address(), name: "me" }, "invalid_request"],
      [{ email: address(), name: "a\nPassword: x" }, "invalid_request"],
      [{ email: address(), name: "" }, "invalid_request"],
      [{ email: address(), password: "short" }, "weak_password"],
      [{ email: address(), isAdmin: true }, "invalid_request"],
    ];
    for (const [json, code] of cases) {
      const answer = await create(json);
      expect([json, answer.status, answer.field("code")]).toEqual([json, 400, code]);
    }
  });
});

describeServer("GET, POST, DELETE /user/{user}", (server) => {
  async function start() {
    const admin = await server.createUser({ is_admin: 1 });
    const user = await server.createUser();
    const call = (method: string, query = "", json?: object) =>
      server.call(method, `/user/${user.id}${query}`, { as: admin.session, json });
    return { admin, user, call };
  }

  test("GET 200, 400, 404", async () => {
    const { admin, user, call } = await start();
    expect((await call("GET")).json()).toMatchObject({ id: user.id, is_admin: false });
    const status = async (id: string) =>
      (await server.call("GET", `/user/${id}`, { as: admin.session })).status;
    expect(await status(`email=${user.email.toUpperCase()}`)).toBe(200);
    expect(await status(user.id.toUpperCase())).toBe(200);
    expect(await status("bob")).toBe(400);
    expect(await status("email=nobody@example.com")).toBe(404);
  });

  test("POST 200: address, name, administrator; both addresses are told", async () => {
    const { user, call } = await start();
    const email = address();
    const answer = await call("POST", "", { email, name: "Renamed", is_admin: true });
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ id: user.id, email, name: "Renamed", is_admin: true });
    const told = (await server.mails()).map(({ to }) => to);
    expect(told).toEqual(expect.arrayContaining([email, user.email]));
    expect((await server.login(email, PASSWORD)).status).toBe(200);
    expect((await server.login(user.email, PASSWORD)).status).toBe(401);
    expect((await server.call("GET", "/user", { as: user.session })).status).toBe(200);
    const demoted = await call("POST", "?send_mail=0", { is_admin: false });
    expect(demoted.headers.get("x-conch-mail")).toBeNull();
    expect((await server.call("GET", "/user", { as: user.session })).status).toBe(403);
  });

  test("POST 204 where nothing changes, 409 where the address is taken, 400 for unknown fields", async () => {
    const { admin, user, call } = await start();
    expect((await call("POST", "", {})).status).toBe(204);
    expect((await call("POST", "", { email: user.email, is_admin: false })).status).toBe(204);
    const taken = await call("POST", "", { email: admin.email.toUpperCase() });
    expect([taken.status, taken.json()["user"]]).toMatchObject([409, { id: admin.id }]);
    expect((await call("POST", "", { admin: true })).status).toBe(400);
    expect((await call("POST", "?sendmail=0", { name: "x" })).status).toBe(400);
  });

  test("DELETE 204, then 410 and 404 everywhere else; nothing of theirs is accepted any more", async () => {
    const { user, call } = await start();
    const token = await server.createToken(user, "t");
    const first = await call("DELETE", "?clear_tokens=0");
    expect(first.status).toBe(204);
    for (const as of [user.session, token]) {
      expect((await server.call("GET", "/me", { as })).status).toBe(401);
    }
    const again = await call("DELETE");
    expect([again.status, again.field("error")]).toEqual([410, "user was already deactivated"]);
    for (const [method, path] of [
      ["GET", ""],
      ["POST", "/revoke"],
      ["DELETE", "/password"],
      ["GET", "/token"],
      ["DELETE", "/token/t"],
    ] as const) {
      expect([path, (await call(method, path)).status]).toEqual([path, 404]);
    }
  });

  test("DELETE by address: 410 the second time, and the address is free for a new user", async () => {
    const { admin, user } = await start();
    const path = `/user/email=${user.email}`;
    expect((await server.call("DELETE", path, { as: admin.session })).status).toBe(204);
    expect((await server.call("DELETE", path, { as: admin.session })).status).toBe(410);
    const json = { email: user.email };
    const created = await server.call("POST", "/user", { as: admin.session, json });
    expect(created.status).toBe(201);
    expect((await server.call("GET", path, { as: admin.session })).field("id")).toBe(
      created.field("id"),
    );
  });

  test("DELETE 400 and 404 deactivate nobody", async () => {
    const { admin, user, call } = await start();
    expect((await call("DELETE", "?clear_token=0")).status).toBe(400);
    const nobody = await server.call("DELETE", "/user/email=nobody@example.com", {
      as: admin.session,
    });
    expect(nobody.status).toBe(404);
    expect((await server.call("GET", "/me", { as: user.session })).status).toBe(204);
  });
});
