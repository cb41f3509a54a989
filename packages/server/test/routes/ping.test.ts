import { expect, test } from "bun:test";
import { describeServer } from "../server.ts";

describeServer("GET /ping", (server) => {
  test("200 without a credential, and with a dead one", async () => {
    for (const as of [{}, { authorization: "Bearer dead" }]) {
      const ping = await server.call("GET", "/ping", { as });
      expect([ping.status, ping.json()]).toEqual([200, { status: "ok" }]);
    }
  });
});
