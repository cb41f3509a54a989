import { expect, test } from "bun:test";
import { describeServer } from "../server.ts";

describeServer("POST /user/{user}/revoke", (server) => {
  async function revoke(query: string) {
    const admin = await server.createUser({ is_admin: 1 });
    const user = await server.createUser();
    const token = await server.createToken(user, "t");
    const answer = await server.call("POST", `/user/${user.id}/revoke${query}`, {
      as: admin.session,
    });
    const isLive = async (as: Record<string, string>) =>
      (await server.call("GET", "/me", { as })).status === 204;
    const mails = (await server.mails()).filter(({ to }) => to === user.email);
    return { answer, mails, session: await isLive(user.session), token: await isLive(token) };
  }

  test("204: what was asked for is gone, and the user is told what", async () => {
    const all = await revoke("");
    expect([all.answer.status, all.session, all.token]).toEqual([204, false, false]);
    expect(all.answer.headers.get("x-conch-mail")).toBe("file");
    expect(all.mails[0]?.text).toContain("all of your API tokens and logins");
    const api = await revoke("?api_only=1");
    expect([api.session, api.token]).toEqual([true, false]);
    expect(api.mails[0]?.text).toContain("all of your API tokens.");
    const logins = await revoke("?auth_only=1&send_mail=0");
    expect([logins.session, logins.token]).toEqual([false, true]);
    expect(logins.mails).toEqual([]);
    expect(logins.answer.headers.get("x-conch-mail")).toBeNull();
  });

  test("400 and 404: nothing is revoked", async () => {
    const both = await revoke("?api_only=1&login_only=1");
    expect([both.answer.status, both.session, both.token]).toEqual([400, true, true]);
    const admin = await server.createUser({ is_admin: 1 });
    const status = async (user: string) =>
      (await server.call("POST", `/user/${user}/revoke`, { as: admin.session })).status;
    expect(await status("nobody")).toBe(400);
    expect(await status("00000000-0000-4000-8000-000000000000")).toBe(404);
  });
});
