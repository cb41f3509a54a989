import { expect, test } from "bun:test";
import { isWellFormedToken } from "@conch/contract";
import { bearer, describeServer } from "../server.ts";

const DAY_MS = 86_400_000;

describeServer("POST /user/me/token", (server) => {
  test("201: the value, once, with Location; it lives 5 years", async () => {
    const user = await server.createUser();
    const answer = await server.call("POST", "/user/me/token", {
      as: user.session,
      json: { name: "ci/deploy 100%" },
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("location")).toBe("/user/me/token/ci%2Fdeploy%20100%25");
    expect(answer.json()).toEqual({
      name: "ci/deploy 100%",
      created: expect.any(String) as string,
      last_used: null,
      expires: expect.any(String) as string,
      rights: "full",
      token: expect.any(String) as string,
    });
    expect(isWellFormedToken(answer.field("token"))).toBe(true);
    const lifeMs = Date.parse(answer.field("expires")) - Date.parse(answer.field("created"));
    expect(lifeMs).toBe(5 * 365 * DAY_MS);
    const as = bearer(answer.field("token"));
    expect((await server.call("GET", "/me", { as })).status).toBe(204);
    const rows = await server.database.db.selectFrom("token").selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(answer.field("token"));
  });

  test("201: expires and rights as asked for", async () => {
    const user = await server.createUser();
    const expires = new Date(server.nowMs() + DAY_MS).toISOString();
    const answer = await server.call("POST", "/user/me/token", {
      as: user.session,
      json: { name: "t", expires, rights: "read" },
    });
    expect(answer.json()).toMatchObject({ expires, rights: "read" });
  });

  test("400 name_in_use, once of several at a time; the name is free when the token is gone", async () => {
    const user = await server.createUser();
    const create = () =>
      server.call("POST", "/user/me/token", { as: user.session, json: { name: "deploy" } });
    const answers = await Promise.all([create(), create(), create(), create()]);
    const statuses = answers.map(({ status }) => status).sort((a, b) => a - b);
    expect(statuses).toEqual([201, 400, 400, 400]);
    const refused = answers.find(({ status }) => status === 400);
    expect(refused?.field("error")).toBe('name "deploy" is already in use');
    expect(refused?.field("code")).toBe("name_in_use");
    await server.call("DELETE", "/user/me/token/deploy", { as: user.session });
    expect((await create()).status).toBe(201);
    await server.call("POST", "/user/me/revoke?api_only=1", { as: user.session });
    expect((await create()).status).toBe(201);
    const other = await server.createUser();
    await server.createToken(other, "deploy");
    const upper = { name: "Deploy" };
    const answer = await server.call("POST", "/user/me/token", { as: user.session, json: upper });
    expect(answer.status).toBe(201);
  });

  test("pitfall 8 and 33: 400 for names that cannot be", async () => {
    const user = await server.createUser();
    const names = [
      "",
      " \t",
      ".",
      "..",
      "a\0b",
      "a\nb",
      "\ud800",
      "x".repeat(256),
      "x".repeat(6000),
      "login_jwt_1",
    ];
    for (const name of names) {
      const answer = await server.call("POST", "/user/me/token", {
        as: user.session,
        json: { name },
      });
      expect([name, answer.status, answer.field("code")]).toEqual([
        name,
        400,
        "invalid_token_name",
      ]);
      expect(answer.field("error")).toStartWith("name: must not ");
    }
  });

  test("400: an expiry that is past, too far ahead or no time; unknown rights and fields", async () => {
    const user = await server.createUser();
    const create = async (more: object) => {
      const json = { name: "t", ...more };
      const answer = await server.call("POST", "/user/me/token", { as: user.session, json });
      return [answer.status, answer.field("code")];
    };
    const at = (ms: number) => ({ expires: new Date(server.nowMs() + ms).toISOString() });
    expect(await create(at(-1))).toEqual([400, "invalid_expiry"]);
    expect(await create(at(3651 * DAY_MS))).toEqual([400, "invalid_expiry"]);
    expect(await create({ expires: "tomorrow" })).toEqual([400, "invalid_request"]);
    expect(await create({ rights: "all" })).toEqual([400, "invalid_request"]);
    expect(await create({ scope: "all" })).toEqual([400, "invalid_request"]);
    expect(await create({ name: 5 })).toEqual([400, "invalid_request"]);
  });

  test("pitfall 16: a token's value is in no line of the log", async () => {
    const user = await server.createUser();
    const token = await server.createToken(user, "secret-keeper");
    await server.call("GET", "/user/me", { as: token });
    const value = token["authorization"]?.replace("Bearer ", "") ?? "";
    expect(server.log.some((line) => line.includes("secret-keeper"))).toBe(true);
    expect(server.log.filter((line) => line.includes(value))).toEqual([]);
  });
});
