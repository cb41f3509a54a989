import { expect, test } from "bun:test";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { PASSWORD, SECRET, bearer, describeServer, sessionOf } from "./server.ts";

const NEW_PASSWORD = "velvet anchor drifts at noon";

describeServer("secrets", (server) => {
  test("pitfall 16: no line of the log, at any level, and no error holds a password, a token or a JWT", async () => {
    const admin = await server.createUser({ is_admin: 1 });
    const user = await server.createUser();
    const type = { "content-type": "application/json" };
    const secrets: string[] = [PASSWORD, NEW_PASSWORD, SECRET, "typo-of-a-password"];
    const errors: string[] = [];
    const call = async (...parts: Parameters<typeof server.call>) => {
      const answer = await server.call(...parts);
      if (answer.status >= 400) errors.push(answer.text);
      return answer;
    };
    const created = await call("POST", "/user/me/token", {
      as: user.session,
      json: { name: "canary" },
    });
    const token = created.field("token");
    for (const credential of [admin.session, user.session]) {
      secrets.push(...Object.values(credential).map((text) => text.replace(/^\S+[ =]/, "")));
    }
    secrets.push(token, token.slice(6, 30));

    await call("GET", "/user/me", { as: bearer(token) });
    await call("GET", `/user/me?token=${token}`, { as: bearer(`${token}x`) });
    await call("POST", `/user/me/revoke?${token}=1`, { as: bearer(`${token}x`) });
    await call("POST", "/login", { json: { user: user.email, password: "typo-of-a-password" } });
    await call("POST", "/login", { json: { user: user.email, password: [NEW_PASSWORD] } });
    await call("POST", "/login", { body: `{"password": ${NEW_PASSWORD}`, headers: type });
    await call("POST", "/login", { body: `{${token}`, headers: type });
    await call("POST", "/user/me/password", {
      as: user.session,
      json: { password: "typo-of-a-password", current_password: NEW_PASSWORD },
    });
    await call("POST", "/user", {
      as: admin.session,
      json: { email: user.email, password: NEW_PASSWORD },
    });
    await call("DELETE", `/user/${user.id}/password`, { as: admin.session });
    const mail = (await server.mails()).at(-1)?.text ?? "";
    const oneTime = /^Password: (\S+)$/m.exec(mail)?.[1] ?? "";
    secrets.push(oneTime);
    const session = sessionOf(
      await call("POST", "/login", {
        json: { user: user.id, password: oneTime },
      }),
    );
    secrets.push(...Object.values(session).map((text) => text.replace(/^\S+[ =]/, "")));
    await call("POST", "/user/me/password", { as: session, json: { password: oneTime } });
    await call("POST", "/user/me/password", { as: session, json: { password: NEW_PASSWORD } });

    expect(server.log.length).toBeGreaterThan(10);
    expect(errors.length).toBeGreaterThan(6);
    expect(secrets.every((secret) => secret.length >= 16)).toBe(true);
    for (const secret of secrets) {
      expect(server.log.filter((line) => line.includes(secret))).toEqual([]);
      expect(errors.filter((text) => text.includes(secret))).toEqual([]);
    }
  });

  test("mails with passwords are for the operator's eyes only", async () => {
    const admin = await server.createUser({ is_admin: 1 });
    await server.call("DELETE", `/user/${admin.id}/password`, { as: admin.session });
    const folder = join(server.folder, "mail");
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(folder)) {
      expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
    }
  });
});
