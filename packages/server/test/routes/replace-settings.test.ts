import { expect, test } from "bun:test";
import { describeServer } from "../server.ts";

describeServer("POST /user/me/settings", (server) => {
  const path = "/user/me/settings";

  test("204: replaces all", async () => {
    const { session: as } = await server.createUser();
    expect((await server.call("POST", path, { as, json: { a: 1 } })).status).toBe(204);
    expect((await server.call("POST", path, { as, json: { d: "x" } })).status).toBe(204);
    expect((await server.call("GET", path, { as })).json()).toEqual({ d: "x" });
  });

  test("204: as many as fit into a body, each as it was sent", async () => {
    const { session: as } = await server.createUser();
    const hard = { "a\0\ud800": "\0\ud800", 'q"\\u0000': ['"\\'], "": null, n: 1e300 };
    const many = Array.from({ length: 60_000 }, (_, index) => [`k${index}`, index] as const);
    const json = { ...hard, ...Object.fromEntries(many) };
    const startedMs = performance.now();
    expect((await server.call("POST", path, { as, json })).status).toBe(204);
    // Well below a second; with a statement for each, a node's lease would end meanwhile.
    expect(performance.now() - startedMs).toBeLessThan(4000);
    expect((await server.call("GET", path, { as })).json()).toEqual(json);
  });

  test("400: nothing, not an object", async () => {
    const { session: as } = await server.createUser();
    for (const json of [undefined, null, {}, [], [1], "x", 5]) {
      const answer = await server.call("POST", path, { as, json });
      expect([answer.status, answer.field("code")]).toEqual([400, "invalid_request"]);
    }
  });

  test("400: a key that is too long or no text, and all stays as it was", async () => {
    const { session: as } = await server.createUser();
    await server.call("POST", path, { as, json: { a: 1 } });
    const key = "\ud800".repeat(2000);
    const long = await server.call("POST", path, { as, json: { [key]: 1 } });
    expect([long.status, long.field("code")]).toEqual([400, "invalid_request"]);
    expect((await server.call("GET", path, { as })).json()).toEqual({ a: 1 });
  });
});
