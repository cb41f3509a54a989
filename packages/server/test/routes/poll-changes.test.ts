import { expect, test } from "bun:test";
import { type Credential, describeServer } from "../server.ts";
import { createAnn } from "../verification.ts";

describeServer("POST /changes", (server) => {
  const holder = "a-verifier-of-the-tests";
  const poll = (as: Credential, cursor: unknown, hold = false) =>
    server.call("POST", "/changes", { as, json: { holder, poll: 1, cursor, hold } });

  test("200: a reset at first, then what happened since, with what is left of the lease", async () => {
    const { ann, full, verify } = await createAnn(server);
    const first = (await poll(verify, null)).json() as {
      head: object;
      reset: boolean;
      left_ms: number;
    };
    expect(first).toMatchObject({ reset: true, rows: [], bound_ms: 5000, node_url: null });
    expect(first.left_ms).toBeGreaterThan(0);
    expect(first.left_ms).toBeLessThanOrEqual(4750);
    await server.createToken(ann, "briefly");
    await server.call("DELETE", "/user/me/token/briefly", { as: full });
    const second = (await poll(verify, first.head, true)).json();
    expect(second).toMatchObject({
      from: first.head,
      reset: false,
      rows: [{ kind: "token", user_id: ann.id }],
    });
  });

  test("401, 403, 400", async () => {
    const { read, verify } = await createAnn(server);
    const json = { holder, poll: 1, cursor: null, hold: false };
    expect((await server.call("POST", "/changes", { json })).status).toBe(401);
    expect((await server.call("POST", "/changes", { json, as: read })).status).toBe(403);
    const short = { ...json, holder: "x" };
    expect((await server.call("POST", "/changes", { json: short, as: verify })).status).toBe(400);
  });
});
