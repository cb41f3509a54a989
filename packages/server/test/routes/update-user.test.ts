import { expect, test } from "bun:test";
import { newAddress } from "../rows.ts";
import { PASSWORD, describeServer } from "../server.ts";

describeServer("POST /user/{user}", (server) => {
  async function start() {
    const admin = await server.createUser({ is_admin: 1 });
    const user = await server.createUser();
    const update = (query: string, json: object) =>
      server.call("POST", `/user/${user.id}${query}`, { as: admin.session, json });
    return { admin, user, update };
  }

  test("200: address, name, administrator; both addresses are told", async () => {
    const { user, update } = await start();
    const email = newAddress();
    const answer = await update("", { email, name: "Renamed", is_admin: true });
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ id: user.id, email, name: "Renamed", is_admin: true });
    const told = (await server.mails()).map(({ to }) => to);
    expect(told).toEqual(expect.arrayContaining([email, user.email]));
    expect((await server.login(email, PASSWORD)).status).toBe(200);
    expect((await server.login(user.email, PASSWORD)).status).toBe(401);
    expect((await server.call("GET", "/user", { as: user.session })).status).toBe(200);
    const demoted = await update("?send_mail=0", { is_admin: false });
    expect(demoted.headers.get("x-conch-mail")).toBeNull();
    expect((await server.call("GET", "/user", { as: user.session })).status).toBe(403);
  });

  test("204 where nothing changes, 409 where the address is taken, 400 for unknown fields", async () => {
    const { admin, user, update } = await start();
    expect((await update("", {})).status).toBe(204);
    expect((await update("", { email: user.email, is_admin: false })).status).toBe(204);
    const taken = await update("", { email: admin.email.toUpperCase() });
    expect([taken.status, taken.json()["user"]]).toMatchObject([409, { id: admin.id }]);
    expect((await update("", { admin: true })).status).toBe(400);
    expect((await update("?sendmail=0", { name: "x" })).status).toBe(400);
  });
});
