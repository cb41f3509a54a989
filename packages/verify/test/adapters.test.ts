import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Rights } from "@conch/contract";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import * as forExpress from "../src/express.ts";
import * as forFastify from "../src/fastify.ts";
import * as forHono from "../src/hono.ts";
import { type AdmissionOptions, createAdmission } from "../src/http.ts";
import * as forNode from "../src/node.ts";
import type { Verification, VerifiedToken, Verifier } from "../src/verification.ts";
import * as forWeb from "../src/web.ts";

const ann: VerifiedToken = {
  user: { id: "3f8e0c1a-0000-4000-8000-000000000001", email: "a@b.c", name: "Ann", isAdmin: false },
  tokenId: "5b1d6f0a-0000-4000-8000-000000000002",
  kind: "api",
  name: "ci",
  rights: "full",
  expiresAtMs: 1,
};

/** Answers by what the bearer says, so that each adapter can be asked for each outcome. */
const verifier: Pick<Verifier, "verify"> = {
  verify: (bearer, needed) => Promise.resolve(outcomeOf(bearer, needed)),
};

function outcomeOf(bearer: string | null | undefined, needed: Rights | undefined): Verification {
  if (bearer === "unavailable") return { status: "unavailable" };
  if (bearer === "invalid") return { status: "invalid", reason: "unknown" };
  if (bearer === "new-status") return { status: "suspended" } as unknown as Verification;
  return { status: bearer === "full" || needed === "read" ? "ok" : "forbidden", ...ann };
}

interface Running {
  readonly url: string;
  stop(): unknown;
}

function portOf(address: AddressInfo | string | null): string {
  return `http://127.0.0.1:${(address as AddressInfo).port}/`;
}

/** The same service, once for each adapter: it answers with the caller's name. */
const services: Record<string, (options?: AdmissionOptions) => Promise<Running>> = {
  async web(options) {
    const fetch = forWeb.protect(verifier, (_, { user }) => new Response(user.name), options);
    const server = Bun.serve({ fetch, port: 0, hostname: "127.0.0.1" });
    return { url: server.url.href, stop: () => server.stop(true) };
  },
  async hono(options) {
    const app = new Hono();
    app.use("*", forHono.authenticate(verifier, options));
    app.all("/", (c) => c.text(forHono.identityOf(c).user.name));
    const server = Bun.serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" });
    return { url: server.url.href, stop: () => server.stop(true) };
  },
  async express(options) {
    const app = express();
    app.use(forExpress.authenticate(verifier, options));
    app.all("/", (request, response) => {
      response.send(forExpress.identityOf(request).user.name);
    });
    const server = app.listen(0, "127.0.0.1");
    await once(server, "listening");
    return { url: portOf(server.address()), stop: () => server.close() };
  },
  async fastify(options) {
    const app = fastify();
    app.addHook("onRequest", forFastify.authenticate(verifier, options));
    app.route({
      method: ["GET", "POST"],
      url: "/",
      handler: async (request) => forFastify.identityOf(request).user.name,
    });
    await app.listen({ port: 0, host: "127.0.0.1" });
    return { url: portOf(app.server.address()), stop: () => app.close() };
  },
  async node(options) {
    const server = createServer(
      // As the README has it: what Node's types know of both must be known here, too.
      forNode.protect(
        verifier,
        (request, response, { user }) =>
          response.setHeader("x-path", request.url ?? "").end(user.name),
        options,
      ),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return { url: portOf(server.address()), stop: () => server.close() };
  },
};

/** With headers as they are given, which `fetch` would join. @returns the answer as it came. */
async function askOnSocket(url: string, authorizations: readonly string[]): Promise<string> {
  const { hostname, port, host } = new URL(url);
  const socket = connect(Number(port), hostname);
  const names = ["Authorization", "authorization"];
  const headers = authorizations.map((value, index) => `${names[index]}: ${value}\r\n`).join("");
  socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n${headers}Connection: close\r\n\r\n`);
  let answer = "";
  for await (const text of socket.setEncoding("utf8")) answer += text as string;
  return answer;
}

const bearer = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });

for (const [name, start] of Object.entries(services)) {
  describe(name, () => {
    let plain: Running;
    let named: Running;
    beforeAll(async () => {
      plain = await start();
      named = await start({ rights: "full", realm: "warehouse" });
    });
    afterAll(async () => {
      await plain.stop();
      await named.stop();
    });

    test("a good token reaches the handler, which knows whose it is", async () => {
      const response = await fetch(plain.url, bearer("full"));
      expect(response.status).toBe(200);
      expect(await response.text()).toBe("Ann");
    });

    test("no token: 401 without an error code", async () => {
      const response = await fetch(plain.url);
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toBe('Bearer realm="conch"');
      expect(response.headers.get("cache-control")).toBe("no-store");
      expect(await response.json()).toHaveProperty("code", "unauthorized");
    });

    test("another scheme is no token; two tokens are no token", async () => {
      const basic = await fetch(plain.url, { headers: { authorization: "Basic YTpi" } });
      expect(basic.headers.get("www-authenticate")).toBe('Bearer realm="conch"');
      const two = await fetch(plain.url, bearer("full, Bearer full"));
      expect(two.status).toBe(401);
    });

    test.each([
      ["Bearer full", "Bearer full"],
      ["Bearer full", "Bearer invalid"],
      ["Bearer full", "Basic YTpi"],
      ["Bearer full", ""],
    ])("the headers %j and %j: 401 invalid_token", async (one, other) => {
      const answer = await askOnSocket(plain.url, [one, other]);
      expect(answer).toStartWith("HTTP/1.1 401 ");
      expect(answer).toContain('error="invalid_token"');
      expect(await askOnSocket(plain.url, ["Bearer full"])).toStartWith("HTTP/1.1 200 ");
    });

    test("a dead token: 401 invalid_token", async () => {
      const response = await fetch(plain.url, bearer("invalid"));
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toBe(
        'Bearer realm="conch", error="invalid_token"',
      );
    });

    test("a read token may GET and not POST", async () => {
      expect((await fetch(plain.url, bearer("read"))).status).toBe(200);
      const response = await fetch(plain.url, { method: "POST", ...bearer("read") });
      expect(response.status).toBe(403);
      expect(response.headers.get("www-authenticate")).toBe(
        'Bearer realm="conch", error="insufficient_scope", scope="full"',
      );
      expect(await response.json()).toHaveProperty("code", "insufficient_rights");
    });

    test("what cannot be known: 503 and when to come back", async () => {
      const response = await fetch(plain.url, bearer("unavailable"));
      expect(response.status).toBe(503);
      expect(response.headers.get("retry-after")).toBe("1");
      expect(response.headers.has("www-authenticate")).toBe(false);
      expect(await response.json()).toHaveProperty("code", "verification_unavailable");
    });

    test("a status that the adapter does not know: 503", async () => {
      expect((await fetch(plain.url, bearer("new-status"))).status).toBe(503);
    });

    test.each(["Full", "verify", "", null])(
      "the rights %j are refused at start",
      async (rights) => {
        const options = { rights } as unknown as AdmissionOptions;
        const error: unknown = await start(options).then(
          (running) => running.stop(),
          (thrown: unknown) => thrown,
        );
        expect(error).toBeInstanceOf(TypeError);
        expect(String(error)).toContain("rights");
      },
    );

    test("rights and realm can be named", async () => {
      const response = await fetch(named.url, bearer("read"));
      expect(response.status).toBe(403);
      expect(response.headers.get("www-authenticate")).toStartWith('Bearer realm="warehouse"');
    });
  });
}

test("a realm that would break out of its quotes is refused at start", () => {
  expect(() => forWeb.protect(verifier, () => new Response(), { realm: 'a"b' })).toThrow("realm");
});

test("a refusal cannot be changed for later requests", async () => {
  const admit = createAdmission(verifier);
  const { refusal } = await admit("GET", null);
  const headers = refusal?.headers as Record<string, string>;
  expect(() => (headers["x-request-id"] = "1")).toThrow(TypeError);
  expect((await admit("GET", null)).refusal?.headers).not.toHaveProperty("x-request-id");
});

test("identityOf fails where authenticate does not stand before the handler", () => {
  expect(() => forHono.identityOf({})).toThrow("authenticate()");
});
