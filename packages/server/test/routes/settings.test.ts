import { expect, test } from "bun:test";
import { describeServer } from "../server.ts";

describeServer("/user/me/settings and /user/me/settings/{key}", (server) => {
  const path = "/user/me/settings";

  test("GET 200 {}, POST 204 replaces all", async () => {
    const { session: as } = await server.createUser();
    expect((await server.call("GET", path, { as })).text).toBe("{}");
    const json = { a: 1, b: { c: [null] } };
    expect((await server.call("POST", path, { as, json })).status).toBe(204);
    expect((await server.call("GET", path, { as })).json()).toEqual(json);
    await server.call("POST", path, { as, json: { d: "x" } });
    expect((await server.call("GET", path, { as })).json()).toEqual({ d: "x" });
  });

  test("POST 400: nothing, not an object", async () => {
    const { session: as } = await server.createUser();
    for (const json of [undefined, null, {}, [], [1], "x", 5]) {
      const answer = await server.call("POST", path, { as, json });
      expect([answer.status, answer.field("code")]).toEqual([400, "invalid_request"]);
    }
  });

  test("one key: POST 204, GET 200, DELETE 204, then 404; falsy values are values", async () => {
    const { session: as } = await server.createUser();
    for (const value of [0, "", false, null, [], {}, "x", 1.5]) {
      const key = `${path}/key`;
      const json = { key: value };
      expect((await server.call("POST", key, { as, json })).status).toBe(204);
      expect((await server.call("GET", key, { as })).json()).toEqual(json);
      expect((await server.call("DELETE", key, { as })).status).toBe(204);
      expect((await server.call("GET", key, { as })).status).toBe(404);
      expect((await server.call("DELETE", key, { as })).status).toBe(404);
    }
  });

  test("POST 400: another key, more keys, none", async () => {
    const { session: as } = await server.createUser();
    for (const json of [{ other: 1 }, { key: 1, other: 1 }, {}, null, [1], { Key: 1 }]) {
      const answer = await server.call("POST", `${path}/key`, { as, json });
      expect([answer.status, answer.field("code")]).toEqual([400, "invalid_request"]);
    }
  });

  test("nobody sees another's", async () => {
    const one = await server.createUser();
    const two = await server.createUser();
    await server.call("POST", path, { as: one.session, json: { a: 1 } });
    expect((await server.call("GET", `${path}/a`, { as: two.session })).status).toBe(404);
    expect((await server.call("GET", path, { as: two.session })).text).toBe("{}");
  });

  test("400 for an unknown parameter on DELETE, 400 for what is nested too deep to be read", async () => {
    const { session: as } = await server.createUser();
    await server.call("POST", `${path}/a`, { as, json: { a: 1 } });
    expect((await server.call("DELETE", `${path}/a?all=1`, { as })).status).toBe(400);
    expect((await server.call("GET", `${path}/a`, { as })).status).toBe(200);
    const body = `{"a":${"[".repeat(400_000)}${"]".repeat(400_000)}}`;
    const headers = { "content-type": "application/json" };
    const deep = await server.call("POST", `${path}/a`, { as, body, headers });
    expect([deep.status, deep.field("code")]).toEqual([400, "invalid_json"]);
    const key = "\ud800".repeat(2000);
    const long = await server.call("POST", path, { as, json: { [key]: 1 } });
    expect([long.status, long.field("code")]).toEqual([400, "invalid_request"]);
    expect((await server.call("GET", `${path}/a`, { as })).status).toBe(200);
  });
});
