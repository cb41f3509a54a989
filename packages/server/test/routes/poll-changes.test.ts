import { expect, test } from "bun:test";
import { type Credential, describeServer } from "../server.ts";
import { type Ann, createAnn } from "../verification.ts";

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

  /** The parts of an answer that is held back, most likely, when a token is revoked. */
  async function revokeWhileHeld({ ann, full, verify }: Ann, name: string): Promise<string[]> {
    await server.createToken(ann, name);
    const { head } = (await poll(verify, null)).json();
    const answering = fetch(`${server.url}/changes`, {
      method: "POST",
      headers: { ...verify, "content-type": "application/json" },
      body: JSON.stringify({ holder, poll: 2, cursor: head, hold: true }),
    });
    await Bun.sleep(50);
    await server.call("DELETE", `/user/me/token/${name}`, { as: full });
    const response = await answering;
    expect(response.status).toBe(200);
    const parts: string[] = [];
    for await (const part of response.body ?? []) parts.push(Buffer.from(part).toString());
    return parts;
  }

  test("200: in parts where a commit is heard of, first what to drop, then the rows", async () => {
    const ann = await createAnn(server);
    let parts: string[] = [];
    for (let turn = 0; parts.length < 2; turn += 1) parts = await revokeWhileHeld(ann, `t${turn}`);
    expect(parts[0]).toStartWith('{"dropped":[{"kind":"token","token_id":"');
    expect(parts[0]).not.toContain("left_ms");
    const reply = JSON.parse(parts.join("")) as Record<"dropped" | "rows", { token_id: string }[]>;
    expect(reply).toMatchObject({
      poll: 2,
      reset: false,
      rows: [{ kind: "token" }],
      bound_ms: 5000,
    });
    expect(reply.dropped.map((dropped) => dropped.token_id)).toEqual([reply.rows[0]!.token_id]);
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
