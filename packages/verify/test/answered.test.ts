/** Requests that a service has answered by itself, as for a time limit, while the verifier was waiting. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Server } from "node:net";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import * as forExpress from "../src/express.ts";
import * as forFastify from "../src/fastify.ts";
import * as forHono from "../src/hono.ts";
import type { TokenVerifier } from "../src/http.ts";
import * as forNode from "../src/node.ts";
import type { Verification } from "../src/verification.ts";

const OK: Verification = {
  status: "ok",
  user: { id: "u", email: "a@b.c", name: "Ann", isAdmin: false },
  tokenId: "t",
  kind: "api",
  name: "ci",
  rights: "full",
  expiresAtMs: 1,
};
const INVALID: Verification = { status: "invalid", reason: "unknown" };

/** One request's way: the verifier is asked, the service gives up, the verifier answers. */
interface Request {
  readonly verifier: TokenVerifier;
  readonly asked: Promise<void>;
  readonly verified: (verification: Verification) => void;
  /** Set by the service: answers with 504. */
  giveUp: () => unknown;
  /** Called by the handler. */
  readonly handle: () => void;
  readonly handled: () => number;
}

function createRequest(): Request {
  const asked = Promise.withResolvers<void>();
  const verification = Promise.withResolvers<Verification>();
  let handled = 0;
  return {
    verifier: {
      verify() {
        asked.resolve();
        return verification.promise;
      },
    },
    asked: asked.promise,
    verified: verification.resolve,
    giveUp: () => {},
    handle: () => {
      handled += 1;
    },
    handled: () => handled,
  };
}

interface Running {
  readonly url: string;
  stop(): unknown;
}

async function running(server: Server): Promise<Running> {
  if (!server.listening) await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, stop: () => server.close() };
}

const services: Record<string, (request: Request) => Promise<Running>> = {
  async node(state) {
    const serve = forNode.protect(state.verifier, (_, response) => {
      state.handle();
      response.writeHead(200).end();
    });
    const server = createServer((request, response) => {
      state.giveUp = () => response.writeHead(504).end();
      serve(request, response);
    });
    return running(server.listen(0, "127.0.0.1"));
  },
  async express(state) {
    const app = express();
    app.use((_, response, next) => {
      state.giveUp = () => response.status(504).end();
      next();
    });
    app.use(forExpress.authenticate(state.verifier));
    app.get("/", (_, response) => {
      state.handle();
      response.send("");
    });
    return running(app.listen(0, "127.0.0.1"));
  },
  async fastify(state) {
    const app = fastify();
    app.addHook("onRequest", async (_, reply) => {
      state.giveUp = () => reply.code(504).send();
    });
    app.addHook("onRequest", forFastify.authenticate(state.verifier));
    app.get("/", async () => state.handle());
    await app.listen({ port: 0, host: "127.0.0.1" });
    return { ...(await running(app.server)), stop: () => app.close() };
  },
  async "fastify, an answer that is still being sent"(state) {
    const app = fastify();
    app.addHook("onRequest", async (_, reply) => {
      state.giveUp = () => {
        reply.raw.writeHead(504).write("1");
        setTimeout(() => reply.raw.end(), 20);
      };
    });
    app.addHook("onRequest", forFastify.authenticate(state.verifier));
    app.get("/", async () => state.handle());
    await app.listen({ port: 0, host: "127.0.0.1" });
    return { ...(await running(app.server)), stop: () => app.close() };
  },
  async hono(state) {
    const app = new Hono();
    app.use(async (c, next) => {
      const late = Promise.withResolvers<void>();
      state.giveUp = late.resolve;
      return Promise.race([next(), late.promise.then(() => c.body(null, 504))]);
    });
    app.use(forHono.authenticate(state.verifier));
    app.get("/", (c) => {
      state.handle();
      return c.text("");
    });
    const server = Bun.serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" });
    return { url: server.url.href, stop: () => server.stop(true) };
  },
};

const unhandled: unknown[] = [];
const onUnhandled = (error: unknown): unknown => unhandled.push(error);
beforeAll(() => void process.on("unhandledRejection", onUnhandled));
afterAll(() => void process.off("unhandledRejection", onUnhandled));

describe.each(Object.entries(services))("%s", (_, start) => {
  test.each([OK, INVALID])(
    "a request that was answered meanwhile stays so: $status",
    async (verification) => {
      const state = createRequest();
      const service = await start(state);
      const answer = fetch(service.url, { headers: { authorization: "Bearer t" } });
      await state.asked;
      state.giveUp();
      const { status } = await answer;
      state.verified(verification);
      await Bun.sleep(40);
      expect(unhandled).toEqual([]);
      expect([status, state.handled()]).toEqual([504, 0]);
      await service.stop();
    },
  );
});
