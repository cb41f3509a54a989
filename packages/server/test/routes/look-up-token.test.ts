import { expect, test } from "bun:test";
import { type Credential, describeServer } from "../server.ts";
import { createAnn, hashOf, jwtOf, tokenOf } from "../verification.ts";

describeServer("POST /lookup", (server) => {
  const lookUp = (as: Credential, json: object) => server.call("POST", "/lookup", { as, json });

  test("200 by hash", async () => {
    const { ann, full, verify } = await createAnn(server);
    const answer = await lookUp(verify, { hash: hashOf(tokenOf(full)), seq: 0 });
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({
      token: { kind: "api", name: "clé à 100%", rights: "full", user: { id: ann.id } },
    });
    const unknown = (await lookUp(verify, { hash: hashOf("nothing"), seq: 0 })).json();
    expect(unknown).toMatchObject({ token: null });
  });

  test("200 for a session by its JWT, and not by the hash of its id", async () => {
    const { ann, verify } = await createAnn(server);
    const jwt = jwtOf(ann.session);
    const answer = (await lookUp(verify, { token: jwt, seq: 0 })).json();
    expect(answer).toMatchObject({ token: { kind: "session", user: { id: ann.id } } });
    const { jti } = JSON.parse(atob(jwt.split(".")[1] ?? "")) as { jti: string };
    expect((await lookUp(verify, { hash: hashOf(jti), seq: 0 })).json()).toMatchObject({
      token: null,
    });
  });

  test("401, 403, 400", async () => {
    const { read, verify } = await createAnn(server);
    const json = { hash: hashOf("nothing"), seq: 0 };
    expect((await lookUp({}, json)).status).toBe(401);
    expect((await lookUp(read, json)).status).toBe(403);
    expect((await lookUp(verify, { seq: 0 })).status).toBe(400);
  });

  test("400 names the field, whichever of the two ways of asking it belongs to", async () => {
    const { verify } = await createAnn(server);
    const hash = hashOf("nothing");
    const faultOf = async (json: object) => (await lookUp(verify, json)).field("error");
    expect(await faultOf({ hash, seq: "0" })).toStartWith("seq: ");
    expect(await faultOf({ hash: "short", seq: 0 })).toStartWith("hash: ");
    expect(await faultOf({ token: "x".repeat(4097), seq: 0 })).toStartWith("token: ");
    expect(await faultOf({ hash, token: "x", seq: 0 })).toContain('"token"');
  });
});
