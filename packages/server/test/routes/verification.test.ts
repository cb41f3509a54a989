import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { describeEachDialect } from "../databases.ts";
import { type Credential, type TestServer, type TestUser, startServer } from "../server.ts";

/** A server with its database, on a busy machine. */
const START_MS_MAX = 60_000;

describeEachDialect("verification", (dialect) => {
  let server: TestServer;
  let ann: TestUser;
  let full: Credential;
  let read: Credential;
  let verify: Credential;

  beforeAll(async () => {
    server = await startServer(dialect);
    ann = await server.createUser({ email: "änn@example.com", name: "Ann" });
    full = await server.createToken(ann, "clé à 100%");
    read = await server.createToken(ann, "reader", { rights: "read" });
    verify = await server.createToken(ann, "service", { rights: "verify" });
  }, START_MS_MAX);
  afterAll(() => server[Symbol.asyncDispose]());

  const tokenOf = (credential: Credential) => credential["authorization"]?.slice(7) ?? "";
  const form = (fields: Record<string, string>) => ({
    body: new URLSearchParams(fields).toString(),
    headers: { "content-type": "application/x-www-form-urlencoded" },
  });

  describe("GET /verify", () => {
    test("200 for a token: who it is, in ASCII headers, and no body", async () => {
      for (const method of ["GET", "HEAD"]) {
        const answer = await server.call(method, "/verify", { as: full });
        expect(answer.status).toBe(200);
        expect(answer.text).toBe("");
        expect(answer.headers.get("cache-control")).toBe("no-store");
        expect(answer.headers.get("x-conch-user-id")).toBe(ann.id);
        expect(answer.headers.get("x-conch-user-email")).toBe("%C3%A4nn@example.com");
        expect(answer.headers.get("x-conch-token-name")).toBe("cl%C3%A9 %C3%A0 100%25");
        expect(answer.headers.get("x-conch-admin")).toBe("false");
        expect(answer.headers.get("x-conch-token-rights")).toBe("full");
        expect(answer.headers.get("x-conch-api")).toBe("2.39.0");
        expect(answer.headers.get("x-request-id")).toMatch(/./);
      }
    });

    test("200 for a session: whole, and split with the cookie", async () => {
      const split = await server.call("GET", "/verify", { as: ann.session });
      expect(split.status).toBe(200);
      expect(split.headers.get("x-conch-token-name")).toBe("");
      const signature = ann.session["cookie"]?.replace("jwt_sig=", "") ?? "";
      const whole = { authorization: `${ann.session["authorization"]}.${signature}` };
      expect((await server.call("GET", "/verify", { as: whole })).status).toBe(200);
    });

    test("401 with WWW-Authenticate", async () => {
      const none = await server.call("GET", "/verify");
      expect(none.status).toBe(401);
      expect(none.headers.get("www-authenticate")).toBe('Bearer realm="conch"');
      const dead = await server.call("GET", "/verify", { as: { authorization: "Bearer x" } });
      expect(dead.status).toBe(401);
      expect(dead.headers.get("www-authenticate")).toContain('error="invalid_token"');
    });

    test("403 where the rights are not enough", async () => {
      expect((await server.call("GET", "/verify", { as: read })).status).toBe(200);
      const answer = await server.call("GET", "/verify?rights=full", { as: read });
      expect(answer.status).toBe(403);
      expect(answer.headers.get("www-authenticate")).toContain('scope="full"');
      expect((await server.call("GET", "/verify", { as: verify })).status).toBe(403);
      expect((await server.call("GET", "/verify?rights=full", { as: full })).status).toBe(200);
    });

    test("400 for a query that it does not know, 405 for other methods", async () => {
      expect((await server.call("GET", "/verify?right=full", { as: full })).status).toBe(400);
      expect((await server.call("POST", "/verify", { as: full })).status).toBe(405);
      expect((await server.call("GET", "/verify/", { as: full })).status).toBe(404);
    });
  });

  describe("POST /introspect", () => {
    test("200: what a token stands for", async () => {
      const answer = await server.call("POST", "/introspect", {
        as: verify,
        ...form({ token: tokenOf(full), token_type_hint: "access_token" }),
      });
      expect(answer.status).toBe(200);
      expect(answer.json()).toEqual({
        active: true,
        token_type: "Bearer",
        scope: "full",
        sub: ann.id,
        username: "änn@example.com",
        iss: server.url,
        iat: expect.any(Number),
        exp: expect.any(Number),
        user_name: "Ann",
        token_name: "clé à 100%",
        admin: false,
      });
    });

    test("200 and nothing but inactive for dead, unknown and malformed ones", async () => {
      const gone = await server.createToken(ann, "gone");
      await server.call("DELETE", "/user/me/token/gone", { as: full });
      const malformed = ["x", tokenOf(full).slice(0, -1), "a.b.c", tokenOf(full) + "x"];
      for (const token of [tokenOf(gone), ...malformed]) {
        const answer = await server.call("POST", "/introspect", { as: verify, ...form({ token }) });
        expect(answer.status).toBe(200);
        expect(answer.json()).toEqual({ active: false });
      }
    });

    test("400, 401, 403, 415", async () => {
      const good = form({ token: "x" });
      const ask = (as: Credential | undefined, parts: object) =>
        server.call("POST", "/introspect", { ...(as && { as }), ...parts });
      expect((await ask(verify, form({}))).status).toBe(400);
      expect((await ask(verify, form({ token: "" }))).status).toBe(400);
      expect((await ask(undefined, good)).status).toBe(401);
      expect((await ask(read, good)).status).toBe(403);
      expect((await ask(verify, { json: { token: "x" } })).status).toBe(415);
    });
  });

  describe("POST /oauth/revoke", () => {
    test("200: whoever holds a token may revoke it", async () => {
      const token = await server.createToken(ann, "thrown away");
      expect((await server.call("GET", "/verify", { as: token })).status).toBe(200);
      const answer = await server.call("POST", "/oauth/revoke", form({ token: tokenOf(token) }));
      expect(answer.status).toBe(200);
      expect(answer.text).toBe("");
      expect((await server.call("GET", "/verify", { as: token })).status).toBe(401);
      const again = await server.call("POST", "/oauth/revoke", form({ token: tokenOf(token) }));
      expect(again.status).toBe(200);
    });

    test("200 for unknown and malformed ones; 400 without one", async () => {
      const unknown = await server.call("POST", "/oauth/revoke", form({ token: "nothing" }));
      expect(unknown.status).toBe(200);
      expect((await server.call("POST", "/oauth/revoke", form({}))).status).toBe(400);
    });

    test("200 for a session, which then is dead", async () => {
      const user = await server.createUser({ email: "ben@example.com" });
      const signature = user.session["cookie"]?.replace("jwt_sig=", "") ?? "";
      const token = `${tokenOf(user.session)}.${signature}`;
      expect((await server.call("POST", "/oauth/revoke", form({ token }))).status).toBe(200);
      expect((await server.call("GET", "/me", { as: user.session })).status).toBe(401);
    });
  });

  test("the metadata name the endpoints (RFC 8414)", async () => {
    const answer = await server.call("GET", "/.well-known/oauth-authorization-server");
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({
      issuer: server.url,
      introspection_endpoint: `${server.url}/introspect`,
      revocation_endpoint: `${server.url}/oauth/revoke`,
    });
  });

  describe("the change feed", () => {
    const holder = "a-verifier-of-the-tests";
    const poll = async (cursor: unknown, hold = false) =>
      server.call("POST", "/changes", {
        as: verify,
        json: { holder, poll: 1, cursor, hold },
      });

    test("200: a reset at first, then what happened since, with what is left of the lease", async () => {
      const first = (await poll(null)).json() as { head: object; reset: boolean; left_ms: number };
      expect(first).toMatchObject({ reset: true, rows: [], bound_ms: 5000, node_url: null });
      expect(first.left_ms).toBeGreaterThan(0);
      expect(first.left_ms).toBeLessThanOrEqual(4750);
      await server.createToken(ann, "briefly");
      await server.call("DELETE", "/user/me/token/briefly", { as: full });
      const second = (await poll(first.head, true)).json();
      expect(second).toMatchObject({
        from: first.head,
        reset: false,
        rows: [{ kind: "token", user_id: ann.id }],
      });
    });

    test("401, 403, 400", async () => {
      const json = { holder, poll: 1, cursor: null, hold: false };
      expect((await server.call("POST", "/changes", { json })).status).toBe(401);
      expect((await server.call("POST", "/changes", { json, as: read })).status).toBe(403);
      const short = { ...json, holder: "x" };
      expect((await server.call("POST", "/changes", { json: short, as: verify })).status).toBe(400);
    });
  });

  describe("look-ups and usage of verifiers", () => {
    const lookUp = (json: object) => server.call("POST", "/lookup", { as: verify, json });
    const hashOf = (token: string) =>
      new Bun.CryptoHasher("sha256").update(token).digest("base64url");

    test("200 by hash", async () => {
      const answer = await lookUp({ hash: hashOf(tokenOf(full)), seq: 0 });
      expect(answer.status).toBe(200);
      expect(answer.json()).toMatchObject({
        token: { kind: "api", name: "clé à 100%", rights: "full", user: { id: ann.id } },
      });
      const unknown = (await lookUp({ hash: hashOf("nothing"), seq: 0 })).json();
      expect(unknown).toMatchObject({ token: null });
    });

    test("200 for a session by its JWT, and not by the hash of its id", async () => {
      const signature = ann.session["cookie"]?.replace("jwt_sig=", "") ?? "";
      const jwt = `${tokenOf(ann.session)}.${signature}`;
      const answer = (await lookUp({ token: jwt, seq: 0 })).json();
      expect(answer).toMatchObject({ token: { kind: "session", user: { id: ann.id } } });
      const { jti } = JSON.parse(atob(jwt.split(".")[1] ?? "")) as { jti: string };
      expect((await lookUp({ hash: hashOf(jti), seq: 0 })).json()).toMatchObject({ token: null });
    });

    test("204: a use that is reported shows as last used", async () => {
      const token = await server.createToken(ann, "used elsewhere");
      const facts = (await lookUp({ hash: hashOf(tokenOf(token)), seq: 0 })).json() as {
        token: { token_id: string };
      };
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
  });

  test("a verify token can do nothing else, a read token only GET", async () => {
    expect((await server.call("GET", "/user/me", { as: verify })).status).toBe(403);
    expect((await server.call("GET", "/me", { as: verify })).status).toBe(403);
    expect((await server.call("DELETE", "/user/me/token/x", { as: verify })).status).toBe(403);
    expect((await server.call("GET", "/user/me", { as: read })).status).toBe(200);
    expect((await server.call("DELETE", "/user/me/token/x", { as: read })).status).toBe(403);
    expect((await server.call("POST", "/changes", { as: read, json: {} })).status).toBe(403);
  });
});
