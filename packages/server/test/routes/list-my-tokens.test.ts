import { expect, test } from "bun:test";
import { describeServer } from "../server.ts";

const DAY_MS = 86_400_000;

describeServer("GET /user/me/token", (server) => {
  test("200: one's own API tokens by code point, never sessions, never a value", async () => {
    const user = await server.createUser();
    await server.createToken(await server.createUser(), "somebody's");
    const names = ["b", "a", "Z", "\u{1f41a}", "\uff5e", "x_login_jwt_1"];
    for (const name of names) await server.createToken(user, name);
    const answer = await server.call("GET", "/user/me/token", { as: user.session });
    expect(answer.status).toBe(200);
    const listed = answer.list().map(({ name }) => name);
    expect(listed).toEqual(["Z", "a", "b", "x_login_jwt_1", "\uff5e", "\u{1f41a}"]);
    const keys = ["created", "expires", "last_used", "name", "rights"];
    expect(Object.keys(answer.list()[0] ?? {}).sort((a, b) => (a < b ? -1 : 1))).toEqual(keys);
  });

  test("200: an empty list", async () => {
    const user = await server.createUser();
    const answer = await server.call("GET", "/user/me/token", { as: user.session });
    expect(answer.text).toBe("[]");
  });

  test("pitfall 38: an expired token stays listed for 30 days, and its name is free", async () => {
    const user = await server.createUser({ is_admin: 1 });
    const expires = new Date(server.nowMs() + DAY_MS).toISOString();
    const token = await server.createToken(user, "nightly", { expires });
    server.advance(DAY_MS);
    expect((await server.call("GET", "/me", { as: token })).status).toBe(401);
    const names = async () =>
      (await server.call("GET", "/user/me/token", { as: user.session }))
        .list()
        .map(({ name, expires: end }) => [name, end === expires]);
    expect(await names()).toEqual([["nightly", true]]);
    await server.createToken(user, "nightly");
    expect(await names()).toEqual([
      ["nightly", true],
      ["nightly", false],
    ]);
    const found = await server.call("GET", "/user/me/token/nightly", { as: user.session });
    expect(found.field("expires")).not.toBe(expires);
    // An administrator's session ends after 30 days, the same as the listing.
    server.advance(29 * DAY_MS - 60_000);
    expect(await names()).toHaveLength(2);
  });

  test("pitfall 38: after 30 days an expired token is gone", async () => {
    const user = await server.createUser();
    const expires = new Date(server.nowMs() + 1000).toISOString();
    await server.createToken(user, "short", { expires });
    const long = await server.createToken(user, "long");
    server.advance(30 * DAY_MS + 1000);
    const answer = await server.call("GET", "/user/me/token", { as: long });
    expect(answer.list().map(({ name }) => name)).toEqual(["long"]);
  });

  test("pitfall 30: last_used is true within 5 s, and uses are not written one by one", async () => {
    const user = await server.createUser();
    const token = await server.createToken(user, "busy");
    const before = server.nowMs();
    await Promise.all(Array.from({ length: 20 }, () => server.call("GET", "/me", { as: token })));
    const lastUsed = async () =>
      (await server.call("GET", "/user/me/token/busy", { as: user.session })).json()["last_used"];
    let seen = await lastUsed();
    for (let round = 0; seen === null && round < 50; round += 1) {
      await Bun.sleep(100);
      seen = await lastUsed();
    }
    expect(Date.parse(String(seen))).toBeGreaterThanOrEqual(before);
  });
});
