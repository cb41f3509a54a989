import { expect, test } from "bun:test";
import { describeServer } from "../server.ts";
import { createAnn, hashOf, tokenOf } from "../verification.ts";

describeServer("POST /usage", (server) => {
  test("204: a use that is reported shows as last used", async () => {
    const { ann, full, verify } = await createAnn(server);
    const token = await server.createToken(ann, "used elsewhere");
    const json = { hash: hashOf(tokenOf(token)), seq: 0 };
    const facts = (await server.call("POST", "/lookup", { as: verify, json })).json() as {
      token: { token_id: string };
    };
    // What no token can be called is refused by itself, and takes no other report with it.
    for (const token_id of ["\0", "\ud800", "x".repeat(1000)]) {
      const unusable = { uses: [{ token_id, age_ms: 0 }] };
      expect((await server.call("POST", "/usage", { as: verify, json: unusable })).status).toBe(
        400,
      );
    }
    const uses = [{ token_id: facts.token.token_id, age_ms: 1000 }];
    const answer = await server.call("POST", "/usage", { as: verify, json: { uses } });
    expect(answer.status).toBe(204);
    const readUse = async () => {
      const used = await server.call("GET", "/user/me/token/used%20elsewhere", { as: full });
      return used.json()["last_used"];
    };
    let lastUsed = await readUse();
    for (let tries = 0; lastUsed === null && tries < 100; tries += 1) {
      await Bun.sleep(50);
      lastUsed = await readUse();
    }
    expect(Date.parse(String(lastUsed))).toBeLessThanOrEqual(Date.now() - 1000);
  });

  test("401, 403, 400", async () => {
    const { read, verify } = await createAnn(server);
    const json = { uses: [] };
    expect((await server.call("POST", "/usage", { json })).status).toBe(401);
    expect((await server.call("POST", "/usage", { json, as: read })).status).toBe(403);
    const wrong = { uses: [{ token_id: "x" }] };
    expect((await server.call("POST", "/usage", { json: wrong, as: verify })).status).toBe(400);
  });
});
