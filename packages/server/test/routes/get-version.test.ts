import { expect, test } from "bun:test";
import { describeServer } from "../server.ts";

describeServer("GET /version", (server) => {
  test("200 without a credential", async () => {
    const version = await server.call("GET", "/version");
    expect([version.status, version.json()]).toEqual([200, { version: "v2.39.0" }]);
  });
});
