import { expect, test } from "bun:test";
import {
  type Answer,
  type Credential,
  describeServer,
  startServer,
  type TestServer,
} from "./server.ts";

/** Asks again and again until the answer has that status. @returns how long that took. */
async function timeUntil(status: number, ask: () => Promise<Answer>): Promise<number> {
  const startedMs = performance.now();
  for (;;) {
    if ((await ask()).status === status) return performance.now() - startedMs;
  }
}

const verify = (node: TestServer, as: Credential) => node.call("GET", "/verify", { as });

describeServer("revocations that are waited for", (server, dialect) => {
  const expectReceipt = (answer: Answer) => {
    expect(answer.status).toBe(200);
    expect(answer.json()).toEqual({
      waited_ms: expect.any(Number),
      confirmed: 1,
      holders: 1,
      proof: "confirmed",
      bound_ms: 5000,
    });
  };

  test("200 with a receipt from each route that takes something away", async () => {
    const admin = await server.createUser({ is_admin: 1 });
    const ann = await server.createUser();
    const asAdmin = { as: admin.session };
    const token = () => server.createToken(admin, "t");
    await token();
    expectReceipt(await server.call("DELETE", "/user/me/token/t?wait=1", asAdmin));
    await server.createToken(ann, "t");
    expectReceipt(await server.call("DELETE", `/user/${ann.id}/token/t?wait=1`, asAdmin));
    await token();
    expectReceipt(await server.call("POST", "/user/me/revoke?api_only=1&wait=1", asAdmin));
    expectReceipt(await server.call("POST", `/user/${ann.id}/revoke?wait=1`, asAdmin));
    expectReceipt(
      await server.call("DELETE", `/user/${ann.id}/password?clear_tokens=all&wait=1`, asAdmin),
    );
    expectReceipt(await server.call("DELETE", `/user/${ann.id}?wait=1`, asAdmin));
    const json = { password: "seven quiet ferns nap" };
    const path = "/user/me/password?clear_tokens=all&wait=1";
    expectReceipt(await server.call("POST", path, { ...asAdmin, json }));
  });

  test("200 where nothing was left to revoke; 404 only once that is so everywhere", async () => {
    const ann = await server.createUser();
    const token = await server.createToken(ann, "kept");
    await server.call("POST", "/user/me/revoke?login_only=1", { as: token });
    expectReceipt(await server.call("POST", "/user/me/revoke?login_only=1&wait=1", { as: token }));
    const gone = await server.call("DELETE", "/user/me/token/none?wait=1", { as: token });
    expect(gone.status).toBe(404);
  });

  test("a mail that a revocation causes is still told of", async () => {
    const admin = await server.createUser({ is_admin: 1 });
    const ann = await server.createUser();
    const answer = await server.call("POST", `/user/${ann.id}/revoke?wait=1`, {
      as: admin.session,
    });
    expect(answer.headers.get("x-conch-mail")).toBe("file");
  });

  test("pitfall 37: a cache refuses a revoked token within the bound, and a wait says when", async () => {
    await using other = await startServer(dialect, { database: server.databaseUrl });
    const ann = await server.createUser();
    const token = await server.createToken(ann, "cached everywhere");
    for (const node of [server, other]) {
      expect((await verify(node, token)).status).toBe(200);
    }
    const answer = await server.call("DELETE", "/user/me/token/cached%20everywhere?wait=1", {
      as: ann.session,
    });
    // No moment later: that is what the wait is for.
    expect((await verify(other, token)).status).toBe(401);
    expect((await verify(server, token)).status).toBe(401);
    expect(answer.json()).toMatchObject({ confirmed: 2, holders: 2, proof: "confirmed" });

    const unwaited = await server.createToken(ann, "not waited for");
    expect((await verify(other, unwaited)).status).toBe(200);
    await server.call("DELETE", "/user/me/token/not%20waited%20for", { as: ann.session });
    expect((await verify(server, unwaited)).status).toBe(401);
    expect(await timeUntil(401, () => verify(other, unwaited))).toBeLessThan(5000);
  });

  test("what others decide by is fresh too: an e-mail, an admin", async () => {
    await using other = await startServer(dialect, { database: server.databaseUrl });
    const admin = await server.createUser({ is_admin: 1 });
    const ann = await server.createUser();
    const token = await server.createToken(ann, "t");
    expect((await verify(other, token)).headers.get("x-conch-admin")).toBe("false");
    await server.call("POST", `/user/${ann.id}`, { as: admin.session, json: { is_admin: true } });
    let isAdmin = "false";
    while (isAdmin === "false") {
      isAdmin = (await verify(other, token)).headers.get("x-conch-admin") ?? "";
    }
    expect(isAdmin).toBe("true");
  });
});

describeServer(
  "a node that advertises itself",
  (server) => {
    test("tells verifiers where to stay", async () => {
      const token = await server.createToken(await server.createUser(), "service", {
        rights: "verify",
      });
      const json = { holder: "a-verifier-of-the-tests", poll: 1, cursor: null, hold: false };
      const answer = await server.call("POST", "/changes", { as: token, json });
      expect(answer.json()).toMatchObject({ node_url: "http://node-1.internal:5001" });
    });

    test("a holder that is silent holds a wait up until its lease is over, and has not confirmed", async () => {
      const ann = await server.createUser();
      const service = await server.createToken(ann, "service", { rights: "verify" });
      await server.createToken(ann, "revoked");
      const json = { holder: "a-silent-verifier-of-tests", poll: 1, cursor: null, hold: false };
      expect((await server.call("POST", "/changes", { as: service, json })).status).toBe(200);
      const answer = await server.call("DELETE", "/user/me/token/revoked?wait=1", {
        as: ann.session,
      });
      const receipt = answer.json();
      expect(receipt["waited_ms"]).toBeGreaterThan(4000);
      expect(receipt["holders"]).toBeGreaterThan(receipt["confirmed"] as number);
    }, 20_000);
  },
  { advertise: "http://node-1.internal:5001" },
);
