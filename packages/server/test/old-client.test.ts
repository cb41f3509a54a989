/** What the older Go client sends, byte for byte where it matters: recorded request sequences. */
import { expect, test } from "bun:test";
import { PASSWORD, type Credential, type TestServer, describeServer } from "./server.ts";

const AGENT = "User-Agent: conch shell v1.13.0-0-gdeadbeef\r\nAccept-Encoding: gzip\r\n";

interface Reply {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** One request as that client writes it; a JSON body ends in a newline. */
async function send(
  server: TestServer,
  method: string,
  path: string,
  { as = {}, json }: { as?: Credential; json?: object } = {},
): Promise<Reply> {
  const body = json === undefined ? "" : `${JSON.stringify(json)}\n`;
  const length = method === "POST" ? `Content-Length: ${Buffer.byteLength(body)}\r\n` : "";
  const type = json === undefined ? "" : "Content-Type: application/json\r\n";
  const headers = Object.entries(as).map(([name, value]) => `${name}: ${value}\r\n`);
  const text = await server.raw(
    `${method} ${path} HTTP/1.1\r\nHost: conch.example.com\r\n${AGENT}${length}${type}` +
      `${headers.join("")}Connection: close\r\n\r\n${body}`,
  );
  const [head = "", ...rest] = text.split("\r\n\r\n");
  return { status: Number(head.split(" ")[1]), head, body: rest.join("\r\n\r\n") };
}

/** `profile create --user`: the version, the login, and a session of two segments and a cookie. */
async function logIn(server: TestServer, email: string, password: string) {
  const version = await send(server, "GET", "/version");
  expect(JSON.parse(version.body)).toEqual({ version: "v2.39.0" });
  const reply = await send(server, "POST", "/login", { json: { user: email, password } });
  expect(reply.status).toBe(200);
  const { jwt_token: jwt } = JSON.parse(reply.body) as { jwt_token: string };
  expect(jwt.split(".")).toHaveLength(2);
  const cookie = /^set-cookie: (jwt_sig=[^;]+); .*HttpOnly/im.exec(reply.head)?.[1] ?? "";
  const claims = JSON.parse(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString()) as object;
  expect(Object.keys(claims)).toEqual(["uid", "jti", "exp"]);
  return { reply, as: { Authorization: `Bearer ${jwt}`, Cookie: cookie } };
}

describeServer("the older Go client", (server) => {
  test("profile create --user, profile upgrade, user tokens, user token get and rm", async () => {
    const user = await server.createUser();
    const { as } = await logIn(server, user.email, PASSWORD);
    const create = await send(server, "POST", "/user/me/token", {
      as,
      json: { name: "upgrade a/b 100%+&=:@$" },
    });
    expect(create.status).toBe(201);
    const { token } = JSON.parse(create.body) as { token: string };
    const api = { Authorization: `Bearer ${token}` };
    expect((await send(server, "GET", "/version", { as: api })).status).toBe(200);
    expect((await send(server, "GET", "/user/me/settings", { as: api })).body).toBe("{}");
    expect((await send(server, "GET", "/user/me/token", { as: api })).body).toContain(
      '"name":"upgrade a/b 100%+&=:@$"',
    );
    const path = "/user/me/token/upgrade%20a%2Fb%20100%25+&=:@$";
    expect((await send(server, "GET", path, { as: api })).status).toBe(200);
    const removed = await send(server, "DELETE", path, { as: api });
    expect([removed.status, removed.body]).toEqual([204, ""]);
    const after = await send(server, "GET", "/user/me/settings", { as: api });
    expect([after.status, JSON.parse(after.body)]).toMatchObject([401, { error: "Unauthorized" }]);
  });

  test("profile revoke-tokens --auth-only, and change-password with and without --purge-tokens", async () => {
    const user = await server.createUser();
    const token = await server.createToken(user, "t");
    const first = await logIn(server, user.email, PASSWORD);
    expect((await send(server, "POST", "/user/me/revoke?auth_only=1", { as: token })).status).toBe(
      204,
    );
    expect((await send(server, "GET", "/user/me/settings", { as: first.as })).status).toBe(401);
    expect((await send(server, "GET", "/user/me/settings", { as: token })).status).toBe(200);
    const change = (password: string, clear: string) =>
      send(server, "POST", `/user/me/password?clear_tokens=${clear}`, {
        as: token,
        json: { password },
      });
    expect((await change("velvet anchor drifts at noon", "login_only")).status).toBe(204);
    expect((await send(server, "GET", "/user/me/settings", { as: token })).status).toBe(200);
    expect((await change("quiet lantern over the marsh", "all")).status).toBe(204);
    expect((await send(server, "GET", "/user/me/settings", { as: token })).status).toBe(401);
    await logIn(server, user.email, "quiet lantern over the marsh");
  });

  test("admin commands: raw addresses, bodyless POSTs, and the way back after a reset", async () => {
    const { session: as } = await server.createUser({ is_admin: 1 });
    const email = `go.client+${Date.now()}@example.com`;
    const made = await send(server, "POST", "/user?send_mail=1", {
      as,
      json: { email, name: "Go Client", is_admin: false },
    });
    expect(made.status).toBe(201);
    const again = await send(server, "POST", "/user", { as, json: { email } });
    expect([again.status, JSON.parse(again.body)]).toMatchObject([
      409,
      { error: "duplicate user found", user: { email } },
    ]);
    expect((await send(server, "GET", `/user/email=${email}/token/none`, { as })).status).toBe(404);
    const escaped = encodeURIComponent(email);
    const revoked = await send(server, "POST", `/user/email=${escaped}/revoke?login_only=1`, {
      as,
    });
    expect(revoked.status).toBe(204);
    const reset = await send(server, "DELETE", `/user/email=${escaped}/password?clear_tokens=all`, {
      as,
    });
    expect(reset.status).toBe(204);
    const mail = (await server.mails()).findLast(({ to }) => to === email);
    const password = /^Password: (\S+)$/m.exec(mail?.text ?? "")?.[1] ?? "";
    const { reply, as: session } = await logIn(server, email, password);
    expect(reply.head.toLowerCase()).toContain("\r\nlocation: /user/me/password\r\n");
    const changed = await send(server, "POST", "/user/me/password?clear_tokens=login_only", {
      as: session,
      json: { password: "velvet anchor drifts at noon" },
    });
    expect(changed.status).toBe(204);
    await logIn(server, email, "velvet anchor drifts at noon");
    const removal = await send(server, "DELETE", `/user/email=${escaped}?clear_tokens=1`, { as });
    expect(removal.status).toBe(204);
    const gone = await send(server, "DELETE", `/user/email=${escaped}`, { as });
    expect(gone.status).toBe(410);
  });

  test("logout and refresh without a body and without a type", async () => {
    const user = await server.createUser();
    const { as } = await logIn(server, user.email, PASSWORD);
    const refreshed = await send(server, "POST", "/refresh_token", { as });
    expect(refreshed.status).toBe(200);
    expect((await send(server, "POST", "/logout", { as })).status).toBe(204);
  });
});
