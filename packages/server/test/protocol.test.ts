import { expect, test } from "bun:test";
import { ROUTES } from "@conch/contract";
import { describeServer } from "./server.ts";

describeServer("the protocol around the routes", (server) => {
  test("every response names the API version and the request, errors in the body too", async () => {
    const ids = new Set<string>();
    for (const path of ["/version", "/me", "/nowhere", "/docs", "/health/live"]) {
      const answer = await server.call("GET", path);
      expect(answer.headers.get("x-conch-api")).toBe("2.39.0");
      const id = answer.headers.get("x-request-id") ?? "";
      ids.add(id);
      if (answer.status >= 400) {
        expect(Object.keys(answer.json())).toEqual(["error", "code", "request_id"]);
        expect(answer.field("request_id")).toBe(id);
      }
      expect(server.log.some((line) => line.includes(id))).toBe(true);
    }
    expect(ids.size).toBe(5);
  });

  test("405 with Allow for a known path, 404 for an unknown one", async () => {
    const { session: as } = await server.createUser({ is_admin: 1 });
    const allowed = Map.groupBy(ROUTES, ({ path }) => path);
    for (const [path, routes] of allowed) {
      const concrete = path.replaceAll(/\{\w+\}/g, "x");
      const methods = routes.flatMap(({ method, head }) => (head ? [method, "HEAD"] : [method]));
      for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
        if ((methods as string[]).includes(method)) continue;
        const answer = await server.call(method, concrete, { as });
        expect([method, path, answer.status]).toEqual([method, path, 405]);
        expect(answer.headers.get("allow")).toBe(methods.join(", "));
      }
    }
    for (const path of ["/", "/nowhere", "/user/x/y", "/user/me/token/a/b", "/USER/me"]) {
      expect([path, (await server.call("GET", path, { as })).status]).toEqual([path, 404]);
    }
  });

  test("pitfall 6: no trailing slash, dot segment or empty segment reaches any route", async () => {
    const admin = await server.createUser({ is_admin: 1 });
    const user = await server.createUser();
    const token = await server.createToken(user, "t");
    const headers = Object.entries(admin.session).map(([name, value]) => `${name}: ${value}\r\n`);
    const u = `/user/${user.id}`;
    const paths = [
      `${u}/`,
      `${u}/token/`,
      `${u}/token/.`,
      `${u}/token/..`,
      `${u}/token/%2e`,
      `${u}/token/%2e%2e`,
      `${u}/token/%2E%2e`,
      `${u}/token/.%2e`,
      `${u}/token/%2e%2e/%2e%2e/${user.id}`,
      `${u}/token/x/../..`,
      `${u}/./`,
      `${u}//`,
      `/user/./${user.id}`,
      `//user/${user.id}`,
      `${u}/token\\t`,
      `${u}/token/t\\..`,
      `${u}/token/t/`,
      `${u}#x`,
      `/user/email=${user.email}#x@example.com`,
      `/user/email=x@example.com%2f..%2f${user.id}/../..`,
    ];
    for (const path of paths) {
      const answer = await server.raw(
        `DELETE ${path} HTTP/1.1\r\nHost: h\r\n${headers.join("")}Connection: close\r\n\r\n`,
      );
      expect([path, answer.split("\r\n")[0]]).toEqual([path, "HTTP/1.1 404 Not Found"]);
    }
    expect((await server.call("GET", "/me", { as: token })).status).toBe(204);
  });

  test("the same without a Host header that means anything", async () => {
    const { session } = await server.createUser();
    const headers = Object.entries(session).map(([name, value]) => `${name}: ${value}\r\n`);
    for (const host of ["", "a b", "///", "%", "h/user/me", "h?", "h#"]) {
      const ask = (path: string) =>
        server.raw(
          `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${headers.join("")}Connection: close\r\n\r\n`,
        );
      expect((await ask("/user/me/token")).split("\r\n")[0]).toMatch(/^HTTP.1.1 (200|400|404) /);
      expect((await ask("/user/me/token/%2e%2e")).split("\r\n")[0]).toMatch(/^HTTP.1.1 40[04] /);
    }
  });

  test("a second Host header is refused, whoever asks for what", async () => {
    for (const path of ["/version", "/user/me", "/nothing"]) {
      const answer = await server.raw(
        `GET ${path} HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n`,
      );
      expect(answer).toStartWith("HTTP/1.1 400 ");
      expect(answer).toContain('"code":"invalid_request"');
    }
  });

  test("HEAD is answered where it is stated, without a body", async () => {
    expect((await server.call("HEAD", "/me")).status).toBe(401);
    expect((await server.call("HEAD", "/user/me")).status).toBe(405);
  });

  test("bodies: charset, no type, not UTF-8, chunked and too long", async () => {
    const { session: as } = await server.createUser();
    const post = (body: string, type?: string) =>
      server.call("POST", "/user/me/settings", {
        as,
        body,
        headers: type === undefined ? {} : { "content-type": type },
      });
    expect((await post('{"a":1}', "application/json; charset=UTF-8")).status).toBe(204);
    expect((await post('{"a":1}', "Application/JSON")).status).toBe(204);
    expect((await post('{"a":1}', "application/json; charset=latin1")).status).toBe(415);
    expect((await post('{"a":1}', "application/json5")).status).toBe(415);
    const gzip = { "content-type": "application/json", "content-encoding": "gzip" };
    const packed = await server.call("POST", "/user/me/settings", { as, body: "x", headers: gzip });
    expect([packed.status, packed.field("code")]).toEqual([415, "unsupported_media_type"]);
    const huge = await post(" ".repeat(5 * 1024 * 1024), "application/json");
    expect([huge.status, huge.field("code")]).toEqual([413, "body_too_large"]);
    const bytes = await fetch(`${server.url}/user/me/settings`, {
      method: "POST",
      headers: { ...as, "content-type": "application/json" },
      body: new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    });
    expect(bytes.status).toBe(400);
    const chunked = await fetch(`${server.url}/user/me/settings`, {
      method: "POST",
      headers: { ...as, "content-type": "application/json" },
      body: new ReadableStream({
        start(controller) {
          const chunk = new Uint8Array(64 * 1024).fill(0x20);
          for (let index = 0; index < 20; index += 1) controller.enqueue(chunk);
          controller.close();
        },
      }),
    });
    expect(chunked.status).toBe(413);
  });

  test("GET /openapi.json, /docs and health, without a login and without scripts", async () => {
    const openApi = await server.call("GET", "/openapi.json");
    expect([openApi.status, openApi.field("openapi")]).toEqual([200, "3.1.0"]);
    const docs = await server.call("GET", "/docs");
    expect(docs.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(docs.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(docs.text).not.toMatch(/<script|https?:|src=/);
    for (const { path } of ROUTES) expect(docs.text).toContain(path);
    expect((await server.call("GET", "/health/live")).status).toBe(200);
    expect((await server.call("GET", "/health/ready")).status).toBe(200);
    expect((await server.call("POST", "/docs")).headers.get("allow")).toBe("GET, HEAD");
  });
});
