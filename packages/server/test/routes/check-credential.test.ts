import { expect, test } from "bun:test";
import { createToken } from "@conch/contract";
import { bearer, describeServer } from "../server.ts";

describeServer("GET /me", (server) => {
  test("204 for a session and for a token, with GET and HEAD", async () => {
    const user = await server.createUser();
    for (const as of [user.session, await server.createToken(user, "t")]) {
      for (const method of ["GET", "HEAD"]) {
        const answer = await server.call(method, "/me", { as });
        expect([answer.status, answer.text]).toEqual([204, ""]);
      }
    }
  });

  test("401 with a challenge: none, malformed, unknown, mistyped, expired, of another scheme", async () => {
    const user = await server.createUser();
    const token = await server.createToken(user, "t", {
      expires: new Date(server.nowMs() + 1000).toISOString(),
    });
    const value = token["authorization"]?.replace("Bearer ", "") ?? "";
    const typo = value.slice(0, -1) + (value.endsWith("0") ? "1" : "0");
    const unknown = createToken((count) => new Uint8Array(count).fill(7));
    const unreadable = ["two words", "a!b", `${value}, Bearer ${value}`, ""];
    for (const text of ["x", typo, unknown, "a.b.c", ...unreadable]) {
      const as = bearer(text);
      const answer = await server.call("GET", "/me", { as });
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toBe(
        'Bearer realm="conch", error="invalid_token"',
      );
    }
    const basic = Buffer.from(`${user.email}:x`).toString("base64");
    for (const as of [{}, { authorization: `Basic ${basic}` }, { cookie: `conch=${value}` }]) {
      const answer = await server.call("GET", "/me", { as });
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="conch"');
    }
    server.advance(1000);
    expect((await server.call("GET", "/me", { as: token })).status).toBe(401);
  });
});
