import { expect, test } from "bun:test";
import { newAddress } from "../rows.ts";
import { describeServer, sessionOf } from "../server.ts";

const NEW_PASSWORD = "velvet anchor drifts at noon";
describeServer("POST /user", (server) => {
  const create = async (json: object, query = "") => {
    const admin = await server.createUser({ is_admin: 1 });
    return server.call("POST", `/user${query}`, { as: admin.session, json });
  };

  test("201: a password is made and mailed; Location, id, email and name are answered", async () => {
    const email = newAddress();
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

  test("201: with a password, as administrator, without mail", async () => {
    const email = newAddress();
    const json = { email, password: NEW_PASSWORD, is_admin: true };
    const answer = await create(json, "?send_mail=0");
    expect([answer.status, answer.field("name")]).toEqual([201, email]);
    expect(answer.headers.get("x-conch-mail")).toBeNull();
    expect((await server.mails()).filter(({ to }) => to === email)).toEqual([]);
    const session = sessionOf(await server.login(email, NEW_PASSWORD));
    expect((await server.call("GET", "/user", { as: session })).status).toBe(200);
  });

  test("409: an active user has the address, in whatever case; once of several at a time", async () => {
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
    const email = newAddress();
    const answers = await Promise.all([1, 2, 3].map(() => create({ email })));
    const statuses = answers.map(({ status }) => status).sort((a, b) => a - b);
    expect(statuses).toEqual([201, 409, 409]);
  });

  test("400: bad address, the name me, weak password, unknown fields", async () => {
    const cases: [json: object, code: string][] = [
      [{}, "invalid_request"],
      [{ email: "nobody" }, "invalid_request"],
      [{ email: "a@b.c\nBcc: x@y.z" }, "invalid_request"],
      [{ email: newAddress(), name: "me" }, "invalid_request"],
      [{ email: newAddress(), name: "a\nPassword: x" }, "invalid_request"],
      [{ email: newAddress(), name: "" }, "invalid_request"],
      [{ email: newAddress(), password: "short" }, "weak_password"],
      [{ email: newAddress(), isAdmin: true }, "invalid_request"],
    ];
    for (const [json, code] of cases) {
      const answer = await create(json);
      expect([json, answer.status, answer.field("code")]).toEqual([json, 400, code]);
    }
  });
});
