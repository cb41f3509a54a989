import { expect, test } from "bun:test";
import { describeServer } from "../server.ts";

describeServer("GET /version and /ping", (server) => {
  test("200 without a credential, and with a dead one", async () => {
    const version = await server.call("GET", "/version");
    expect([version.status, version.json()]).toEqual([200, { version: "v2.39.0" }]);
    const ping = await server.call("GET", "/ping", { as: { authorization: "Bearer dead" } });
    expect([ping.status, ping.json()]).toEqual([200, { status: "ok" }]);
  });
});
