import { expect, test } from "bun:test";
import { describeServer } from "../server.ts";

describeServer("POST /user/me/settings/{key}", (server) => {
  const path = "/user/me/settings";

  test("204: falsy values are values", async () => {
    const { session: as } = await server.createUser();
    for (const value of [0, "", false, null, [], {}, "x", 1.5]) {
      const json = { key: value };
      expect((await server.call("POST", `${path}/key`, { as, json })).status).toBe(204);
      expect((await server.call("GET", `${path}/key`, { as })).json()).toEqual(json);
    }
  });

  test("400: another key, more keys, none", async () => {
    const { session: as } = await server.createUser();
    for (const json of [{ other: 1 }, { key: 1, other: 1 }, {}, null, [1], { Key: 1 }]) {
      const answer = await server.call("POST", `${path}/key`, { as, json });
      expect([answer.status, answer.field("code")]).toEqual([400, "invalid_request"]);
    }
  });

  test("204, 400: a number comes back as it was sent, or is refused", async () => {
    const { session: as } = await server.createUser();
    const headers = { "content-type": "application/json" };
    const set = (number: string) =>
      server.call("POST", `${path}/n`, { as, headers, body: `{"n":${number}}` });
    const exact = [
      "9007199254740991",
      "-9007199254740991",
      "0.1000000000000000055",
      "1e300",
      "-0",
      "100000000000000000000",
    ];
    for (const number of exact) {
      expect([number, (await set(number)).status]).toEqual([number, 204]);
      const stored = (await server.call("GET", `${path}/n`, { as })).json();
      expect(Number(stored["n"])).toBeCloseTo(Number(number));
    }
    for (const number of ["9007199254740993", "-12345678901234567890", "1e999", "[[-1e999]]"]) {
      const answer = await set(number);
      expect([number, answer.status, answer.field("code")]).toEqual([number, 400, "invalid_json"]);
    }
    // Digits in a text are no number.
    expect((await set('"12345678901234567890"')).status).toBe(204);
  });

  test("400: nested too deep to be read", async () => {
    const { session: as } = await server.createUser();
    await server.call("POST", `${path}/a`, { as, json: { a: 1 } });
    const body = `{"a":${"[".repeat(400_000)}${"]".repeat(400_000)}}`;
    const headers = { "content-type": "application/json" };
    const deep = await server.call("POST", `${path}/a`, { as, body, headers });
    expect([deep.status, deep.field("code")]).toEqual([400, "invalid_json"]);
    expect((await server.call("GET", `${path}/a`, { as })).json()).toEqual({ a: 1 });
    // Nothing nests inside a string.
    const json = { a: `\\"${"[".repeat(200)}\\` };
    expect((await server.call("POST", `${path}/a`, { as, json })).status).toBe(204);
    expect((await server.call("GET", `${path}/a`, { as })).json()).toEqual(json);
  });
});
