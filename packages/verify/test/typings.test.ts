/**
 * What the types of the frameworks make of the adapters: this file is compiled by `npm run check`, and the
 * routes are real ones, in the forms in which services declare the types of theirs.
 */
import { describe, expect, test } from "bun:test";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { hc } from "hono/client";
import * as forExpress from "../src/express.ts";
import * as forFastify from "../src/fastify.ts";
import * as forHono from "../src/hono.ts";
import type { TokenVerifier } from "../src/http.ts";
import * as forWeb from "../src/web.ts";

const verifier: TokenVerifier = { verify: () => Promise.resolve({ status: "unavailable" }) };

interface Stock {
  readonly count: number;
}
interface Missing {
  readonly missing: string;
}

describe("Fastify routes that declare their replies", () => {
  const app = fastify();
  const check = forFastify.authenticate(verifier);
  const handler = async (): Promise<Stock> => ({ count: 1 });
  const schema = { response: { 200: { type: "object", properties: { count: {} } } } } as const;

  app.get<{ Reply: Stock }>("/object", { onRequest: check }, handler);
  app.get<{ Reply: Stock }>("/hooks", { onRequest: [check, check] }, handler);
  app.get<{ Reply: Stock }>("/later", { preHandler: [check] }, handler);
  app.get<{ Reply: { 200: Stock; 404: Missing } }>("/codes", { onRequest: check }, handler);
  app.get<{ Reply: { "2xx": Stock; "4xx": Missing } }>("/ranges", { onRequest: [check] }, handler);
  app.get<{ Reply: Stock }>("/schema", { onRequest: check, schema }, handler);
  app.get<{ Reply: number }>("/number", { onRequest: check }, async () => 1);
  app.get<{ Reply: undefined }>("/nothing", { onRequest: check }, async () => undefined);
  app.route<{ Reply: Stock }>({ method: "GET", url: "/route", onRequest: check, handler });
  app.register(async (plugin) => {
    plugin.addHook("onRequest", check);
    plugin.get<{ Params: { id: string }; Reply: Stock }>("/plugin", handler);
  });

  const paths = ["object", "hooks", "later", "codes", "ranges", "schema", "number", "nothing"];
  test.each([...paths, "route", "plugin"])("/%s is refused as any other", async (path) => {
    const response = await app.inject({ method: "GET", url: `/${path}` });
    expect(response.statusCode).toBe(401);
    expect(response.json()).toHaveProperty("code", "unauthorized");
  });

  test("so are those of HTTP/2", async () => {
    const http2 = fastify({ http2: true });
    http2.get<{ Reply: Stock }>("/object", { onRequest: [check] }, handler);
    expect((await http2.inject({ method: "GET", url: "/object" })).statusCode).toBe(401);
  });
});

test("Express routes that declare their parameters, replies and bodies", async () => {
  const app = express();
  const check = forExpress.authenticate(verifier);
  app.use("/router", check, express.Router());
  app.get<{ id: string }, Stock, Missing, { q?: string }>(
    "/stock/:id",
    check,
    (request, response) => {
      response.json({ count: request.params.id.length + (request.query.q?.length ?? 0) });
    },
  );
  app
    .route("/list/:id")
    .all([check, check])
    .get<{ id: string }, Stock>((request, response) => {
      response.json({ count: request.params.id.length });
    });
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  for (const path of ["router", "stock/1", "list/1"]) {
    expect((await fetch(`http://127.0.0.1:${port}/${path}`)).status).toBe(401);
  }
  server.close();
});

test("Hono routes keep their parameters, variables and what a typed client knows of them", async () => {
  const check = forHono.authenticate(verifier);
  const app = new Hono<{ Variables: { shelf: string }; Bindings: { KEY: string } }>()
    .use("/all/*", check)
    .get("/stock/:id", check, (c) => c.json({ id: c.req.param("id"), shelf: c.get("shelf") }))
    .on(["GET", "POST"], "/list", check, (c) => c.text(c.env.KEY));
  const client = hc<typeof app>("http://stock", { fetch: app.request });
  const response = await client.stock[":id"].$get({ param: { id: "1" } });
  const read = async (): Promise<{ id: string; shelf: string }> => response.json();
  expect(response.status as number).toBe(401);
  expect(await read()).toHaveProperty("code", "unauthorized");
});

test("Bun's routes keep their parameters, and its sockets can be upgraded", async () => {
  const ann = { id: "ann", email: "a@b.c", name: "Ann", isAdmin: false };
  const token = { tokenId: "t", kind: "api", name: "ci", rights: "full", expiresAtMs: 1 } as const;
  const knowing: TokenVerifier = {
    verify: () => Promise.resolve({ status: "ok", user: ann, ...token }),
  };
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    routes: {
      "/stock/:id": forWeb.protect(knowing, ({ params }, { user }) =>
        Response.json([params.id, user.id]),
      ),
    },
    fetch: forWeb.protect(knowing, (request, { user }, self: Bun.Server<string>) =>
      self.upgrade(request, { data: user.id }) ? undefined : new Response(null, { status: 400 }),
    ),
    websocket: { data: "", open: (socket) => void socket.send(socket.data), message() {} },
  });
  const headers = { authorization: "Bearer t" };
  const response = await fetch(new URL("/stock/7", server.url), { headers });
  expect(await response.json()).toEqual(["7", "ann"]);
  // Bun's takes headers, of which the browsers' type does not know.
  const options = { headers } as unknown as string[];
  const socket = new WebSocket(server.url.href.replace("http", "ws"), options);
  const told = await new Promise((resolve) => {
    socket.addEventListener("message", ({ data }) => resolve(data));
  });
  expect(told).toBe("ann");
  socket.close();
  await server.stop(true);
});
