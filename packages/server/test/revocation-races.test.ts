/** Nobody makes a credential with one that was revoked, however well the moment is chosen. */
import { connect } from "node:net";
import { expect, test } from "bun:test";
import { type Answer, describeServer } from "./server.ts";

const NEW_PASSWORD = "seven tin boats adrift";

describeServer("a request that is under way when its credential is revoked", (server) => {
  /** As on a node that has not heard of it yet: no change is logged. */
  async function revokeUnheard(userId: string): Promise<void> {
    await server.database.db
      .updateTable("token")
      .set({ revoked_at_ms: server.nowMs(), held_name: null })
      .where("user_id", "=", userId)
      .execute();
  }

  async function countUnrevoked(userId: string): Promise<number> {
    const rows = await server.database.db
      .selectFrom("token")
      .select("id")
      .where("user_id", "=", userId)
      .where("revoked_at_ms", "is", null)
      .execute();
    return rows.length;
  }

  test("401: a body that is held back until after the revocation makes no token", async () => {
    const user = await server.createUser();
    const { authorization = "" } = await server.createToken(user, "leaked");
    const body = JSON.stringify({ name: "reborn" });
    const head = [
      "POST /user/me/token HTTP/1.1",
      "Host: conch",
      "Connection: close",
      `Authorization: ${authorization}`,
      "Content-Type: application/json",
      `Content-Length: ${body.length}`,
    ];
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    const answer = new Promise<string>((resolve) =>
      socket.once("data", (data) => resolve(String(data))),
    );
    socket.write(`${head.join("\r\n")}\r\n\r\n${body.slice(0, 3)}`);
    // Let in is what was used.
    const isUsed = async (): Promise<boolean> => {
      const token = await server.call("GET", "/user/me/token/leaked", { as: user.session });
      return token.json()["last_used"] !== null;
    };
    while (!(await isUsed())) await Bun.sleep(5);
    const revoked = await server.call("POST", "/user/me/revoke", { as: user.session });
    expect(revoked.status).toBe(204);
    socket.write(body.slice(3));
    expect((await answer).split(" ")[1]).toBe("401");
    socket.destroy();
    expect(await countUnrevoked(user.id)).toBe(0);
  });

  test("401: no token from a node that has not heard of the revocation", async () => {
    const user = await server.createUser();
    const as = await server.createToken(user, "leaked");
    expect((await server.call("GET", "/me", { as })).status).toBe(204);
    await revokeUnheard(user.id);
    expect((await server.call("GET", "/me", { as })).status).toBe(204);
    const answer = await server.call("POST", "/user/me/token", { as, json: { name: "reborn" } });
    expect(answer.status).toBe(401);
    expect(await countUnrevoked(user.id)).toBe(0);
  });

  test("401: no new password and no new session from such a node either", async () => {
    const user = await server.createUser();
    expect((await server.call("GET", "/me", { as: user.session })).status).toBe(204);
    await revokeUnheard(user.id);
    const json = { password: NEW_PASSWORD };
    const changed = await server.call("POST", "/user/me/password", { as: user.session, json });
    const refreshed = await server.call("POST", "/refresh_token", { as: user.session });
    expect([changed.status, refreshed.status]).toEqual([401, 401]);
    expect((await server.login(user.email, NEW_PASSWORD)).status).toBe(401);
    expect(await countUnrevoked(user.id)).toBe(0);
  });

  test("401, 403: no accounts and no passwords from an administrator who was one", async () => {
    const target = await server.createUser();
    const revoked = await server.createUser({ is_admin: 1 });
    const demoted = await server.createUser({ is_admin: 1 });
    for (const { session: as } of [revoked, demoted]) {
      expect((await server.call("GET", "/user", { as })).status).toBe(200);
    }
    await revokeUnheard(revoked.id);
    await server.database.db
      .updateTable("user_account")
      .set({ is_admin: 0 })
      .where("id", "=", demoted.id)
      .execute();
    const requests: [method: string, path: string, json?: object][] = [
      ["POST", "/user", { email: "heir@example.com", is_admin: true }],
      ["POST", `/user/${target.id}`, { is_admin: true }],
      ["DELETE", `/user/${target.id}/password`],
    ];
    for (const [method, path, json] of requests) {
      const statuses = [revoked, demoted].map(
        async ({ session: as }) => (await server.call(method, path, { as, json })).status,
      );
      expect([path, ...(await Promise.all(statuses))]).toEqual([path, 401, 403]);
    }
    expect((await server.call("GET", "/me", { as: target.session })).status).toBe(204);
  });

  /** Makes a request while a revocation of the user's credentials has begun and is not committed. */
  async function callDuringRevocation(
    userId: string,
    call: () => Promise<Answer>,
  ): Promise<number> {
    const { value } = await server.database.write(async (tx) => {
      await tx
        .updateTable("user_account")
        .set({ refuse_session_auth: 1 })
        .where("id", "=", userId)
        .execute();
      const answer = call();
      // Time enough to get it wrong; one that waits is not answered before the commit.
      await Promise.race([answer, Bun.sleep(200)]);
      await tx
        .updateTable("token")
        .set({ revoked_at_ms: server.nowMs(), held_name: null })
        .where("user_id", "=", userId)
        .execute();
      return { value: { answer }, changes: [{ kind: "user", userId }] };
    });
    return (await value.answer).status;
  }

  test("401: what makes a token waits for a revocation that has begun", async () => {
    const user = await server.createUser();
    const as = await server.createToken(user, "leaked");
    const create = () => server.call("POST", "/user/me/token", { as, json: { name: "reborn" } });
    expect(await callDuringRevocation(user.id, create)).toBe(401);
    expect(await countUnrevoked(user.id)).toBe(0);
  });

  test("401: so does what an administrator makes or changes, however long it was under way", async () => {
    const target = await server.createUser();
    const requests: [method: string, path: string, json?: object][] = [
      ["POST", "/user", { email: "late-heir@example.com", is_admin: true }],
      ["POST", `/user/${target.id}`, { is_admin: true }],
      ["DELETE", `/user/${target.id}/password`],
      ["DELETE", `/user/${target.id}`],
    ];
    for (const [method, path, json] of requests) {
      const admin = await server.createUser({ is_admin: 1 });
      const as = await server.createToken(admin, "leaked");
      const status = await callDuringRevocation(admin.id, () =>
        server.call(method, path, { as, json }),
      );
      expect([path, status]).toEqual([path, 401]);
    }
    expect((await server.call("GET", "/me", { as: target.session })).status).toBe(204);
    const users = await server.database.db.selectFrom("user_account").select("email").execute();
    expect(users.map(({ email }) => email)).not.toContain("late-heir@example.com");
  });
});
