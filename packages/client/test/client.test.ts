import { afterAll, describe, expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import { createMyToken, getMyToken, listMyTokens, removeMyToken } from "@conch/contract/token";
import { revokeToken } from "@conch/contract/verification";
import { ClientError, createClient, login, type ClientOptions, type Fault } from "../src/index.ts";

const TOKEN = "conch_test";
const VERSION = { "X-Conch-API": "2.39.0" };

function clientOf(baseUrl: string, options: Partial<ClientOptions> = {}) {
  return createClient({
    baseUrl,
    fetch: (url, init) => fetch(url, init),
    credential: { kind: "token", token: TOKEN },
    userAgent: "conch-test/1.0",
    sleep: async (ms, signal) => {
      await Bun.sleep(Math.min(ms, 20));
      signal.throwIfAborted();
    },
    ...options,
  });
}

/** The fault that a call ends with. */
async function faultOf(call: Promise<unknown>): Promise<Fault> {
  const error = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ClientError)) throw new Error(`no ClientError, but ${String(error)}`);
  return error.fault;
}

const stops: (() => void)[] = [];
afterAll(() => stops.forEach((stop) => stop()));

function serve(handler: (request: Request, count: number) => Response | Promise<Response>) {
  const requests: Pick<Request, "method" | "url" | "headers">[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      if (request.url.endsWith("/version")) return Response.json({ version: "2.39.0" });
      // Copied: Bun takes a request apart once it is answered.
      const { method, url } = request;
      requests.push({ method, url, headers: new Headers(request.headers) });
      return handler(request, requests.length);
    },
  });
  stops.push(() => void server.stop(true));
  return { url: `http://127.0.0.1:${server.port}`, requests };
}

/** A server below HTTP. */
async function serveRaw(onData: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", () => onData(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `http://127.0.0.1:${address.port}`;
}

const json = (body: unknown, status = 200, headers = {}) =>
  Response.json(body, { status, headers: { ...VERSION, ...headers } });

describe("what is sent", () => {
  test("says who calls, and carries the credential in a header alone", async () => {
    const { url, requests } = serve(() => json([]));
    await clientOf(url).call(listMyTokens, {});
    const [request] = requests;
    expect(request?.headers.get("user-agent")).toBe("conch-test/1.0");
    expect(request?.headers.get("authorization")).toBe(`Bearer ${TOKEN}`);
    expect(request?.headers.get("content-type")).toBeNull();
    expect(request?.url).not.toContain(TOKEN);
  });

  test("a form where the route says so", async () => {
    let body = "";
    const { url, requests } = serve(async (request) => {
      body = await request.text();
      return new Response(null, { status: 200, headers: VERSION });
    });
    await clientOf(url).call(revokeToken, { query: {}, body: { token: "a&b" } });
    expect(requests[0]?.headers.get("content-type")).toBe("application/x-www-form-urlencoded");
    expect(body).toBe("token=a%26b");
  });
});

describe("retries", () => {
  test.each([[502], [503], [504], [429], [408]])(
    "a read that is answered with %d is tried again",
    async (status) => {
      const { url, requests } = serve((_, count) => (count < 3 ? json({}, status) : json([])));
      expect((await clientOf(url).call(listMyTokens, {})).body).toEqual([]);
      expect(requests.length).toBe(3);
    },
  );

  test("three times, and no more; a wait of minutes is not waited", async () => {
    const down = serve(() => json({}, 503));
    expect(await faultOf(clientOf(down.url).call(listMyTokens, {}))).toMatchObject({
      kind: "failing",
    });
    expect(down.requests.length).toBe(3);
    const busy = serve(() => json({}, 429, { "Retry-After": "600" }));
    const fault = await faultOf(clientOf(busy.url).call(listMyTokens, {}));
    expect(fault).toMatchObject({ kind: "failing", status: 429, retryAfterMs: 600_000 });
    expect(busy.requests.length).toBe(1);
  });

  test.each([
    ["600", 600_000],
    ["Sun, 06 Nov 1994 08:59:37 GMT", 600_000],
    ["Sunday, 06-Nov-94 08:59:37 GMT", 600_000],
    ["Sun Nov  6 08:59:37 1994", 600_000],
    ["Sun, 06 Nov 1994 08:00:00 GMT", 0],
    ["soon", null],
    ["600, 700", null],
    ["-5", null],
    ["Sun, 06 Nov 1994", null],
    ["Sun, 66 Nov 1994 08:59:37 GMT", null],
  ])("a wait until %p is one of %p ms, by the clock of the server", async (text, retryAfterMs) => {
    const date = "Sun, 06 Nov 1994 08:49:37 GMT";
    const { url } = serve(() => json({}, 500, { "Retry-After": text, Date: date }));
    const fault = await faultOf(clientOf(url).call(listMyTokens, {}));
    expect(fault).toMatchObject({ kind: "failing", status: 500, retryAfterMs });
  });

  test("a request that did not arrive in time is no refusal", async () => {
    const { url, requests } = serve(() => json({}, 408));
    const fault = await faultOf(clientOf(url).call(createMyToken, { body: { name: "x" } }));
    expect(fault).toMatchObject({ kind: "failing", status: 408, text: "Request Timeout" });
    expect(requests.length).toBe(1);
  });

  test("what changes something is sent once", async () => {
    const { url, requests } = serve(() => json({}, 503));
    await faultOf(clientOf(url).call(createMyToken, { body: { name: "x" } }));
    await faultOf(clientOf(url).call(removeMyToken, { params: { name: "x" }, query: {} }));
    expect(requests.map(({ method }) => method)).toEqual(["POST", "DELETE"]);
  });
});

describe("redirects", () => {
  test("within the origin a read follows", async () => {
    const { url } = serve((request) =>
      request.url.endsWith("/elsewhere")
        ? json([])
        : new Response(null, { status: 302, headers: { ...VERSION, Location: "/elsewhere" } }),
    );
    expect((await clientOf(url).call(listMyTokens, {})).body).toEqual([]);
  });

  test("to another origin nothing is sent, not even on another port", async () => {
    const other = serve(() => json([]));
    const { url } = serve(
      () =>
        new Response(null, { status: 307, headers: { ...VERSION, Location: `${other.url}/x` } }),
    );
    const fault = await faultOf(clientOf(url).call(listMyTokens, {}));
    expect(fault).toMatchObject({ kind: "incompatible_reply" });
    expect(other.requests.length).toBe(0);
  });

  test("out of the base path nothing is sent: there may be another service", async () => {
    const { url, requests } = serve((request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/conch/elsewhere") return json([]);
      const Location = pathname === "/conch/user/me/token" ? "/conch/elsewhere" : "/conch2/x";
      return new Response(null, { status: 307, headers: { ...VERSION, Location } });
    });
    const below = clientOf(`${url}/conch`);
    expect((await below.call(listMyTokens, {})).body).toEqual([]);
    const fault = await faultOf(below.call(getMyToken, { params: { name: "x" } }));
    expect(fault).toMatchObject({ kind: "incompatible_reply" });
    expect(requests.length).toBe(3);
  });

  test("what changes something does not follow one that would turn it into a read; circles end", async () => {
    const { url, requests } = serve(
      () => new Response(null, { status: 303, headers: { ...VERSION, Location: "/x" } }),
    );
    await faultOf(clientOf(url).call(createMyToken, { body: { name: "x" } }));
    expect(requests.length).toBe(1);
    const fault = await faultOf(clientOf(url).call(listMyTokens, {}));
    expect(fault).toMatchObject({ kind: "incompatible_reply" });
    expect(requests.length).toBeLessThan(10);
  });
});

describe("limits", () => {
  test("an answer that never ends is cut off", async () => {
    const endless = () =>
      new Response(
        new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(65_536).fill(32)),
        }),
        { headers: VERSION },
      );
    const { url } = serve(endless);
    const client = clientOf(url, { replyBytesMax: 1_000_000 });
    expect(await faultOf(client.call(listMyTokens, {}))).toMatchObject({
      kind: "incompatible_reply",
      reason: "the answer is larger than 1000000 bytes",
    });
  });

  test("a server that is silent is given up after the time limit, and asked once", async () => {
    let connections = 0;
    const url = await serveRaw(() => (connections += 1));
    const client = clientOf(url, { timeoutMs: 200 });
    const fault = await faultOf(client.call(listMyTokens, {}));
    expect(fault).toEqual({ kind: "timeout", phase: "reply", limitMs: 200 });
    expect(connections).toBe(1);
  });

  test("one that cannot be reached is given up after the shorter limit for connecting", async () => {
    const url = await serveRaw(() => undefined);
    const probe = (_: URL, signal: AbortSignal) =>
      new Promise<void>((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(new Error("no connection")));
      });
    const client = clientOf(url, { timeoutMs: 30_000, connectTimeoutMs: 100, probe });
    const fault = await faultOf(client.call(listMyTokens, {}));
    expect(fault).toEqual({ kind: "timeout", phase: "connect", limitMs: 100 });
  });

  test("one that is slow and can be reached is waited for", async () => {
    const { url } = serve(async () => {
      await Bun.sleep(300);
      return json([]);
    });
    const client = clientOf(url, { connectTimeoutMs: 100, probe: async () => undefined });
    expect((await client.call(listMyTokens, {})).body).toEqual([]);
  });
});

describe("a bad network", () => {
  test("each fault is told apart", async () => {
    const half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[";
    const cut = await serveRaw((socket) => socket.end(half));
    const closed = await serveRaw((socket) => socket.destroy());
    const garbage = await serveRaw((socket) => socket.end("220 smtp.example.com\r\n\r\n"));
    for (const url of [cut, closed, garbage, "http://127.0.0.1:1", "http://conch.invalid"]) {
      expect(await faultOf(clientOf(url).call(listMyTokens, {}))).toMatchObject({
        kind: "unreachable",
      });
    }
    const plain = serve(() => json([]));
    const https = plain.url.replace("http:", "https:");
    expect(await faultOf(clientOf(https).call(listMyTokens, {}))).toMatchObject({ kind: "tls" });
  });

  test.each([
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    "CERT_HAS_EXPIRED",
    "ERR_TLS_CERT_ALTNAME_INVALID",
  ])("%s is a fault of the certificate, and not tried again", async (code) => {
    let attempts = 0;
    const fetch = () => {
      attempts += 1;
      return Promise.reject(Object.assign(new Error("no"), { code }));
    };
    const client = clientOf("https://conch.invalid", { fetch });
    expect(await faultOf(client.call(listMyTokens, {}))).toMatchObject({ kind: "tls" });
    expect(attempts).toBe(1);
  });

  test("a proxy that wants to know who asks is no answer of the server", async () => {
    const { url } = serve(() => new Response("<html>", { status: 407 }));
    const fault = await faultOf(clientOf(url).call(listMyTokens, {}));
    expect(fault).toEqual({
      kind: "unreachable",
      reason: "the proxy asks for a user name and a password",
    });
  });

  test("a page that says 404 is not taken for a token that is gone", async () => {
    const { url } = serve(() => new Response("<h1>Not Found</h1>", { status: 404 }));
    const call = clientOf(url).call(removeMyToken, { params: { name: "x" } });
    expect(await faultOf(call)).toMatchObject({ kind: "incompatible_reply", status: 404 });
    for (const body of [null, "{}", '{"error":"Not Found"}']) {
      const other = serve(() => new Response(body, { status: 404 }));
      const plain = clientOf(other.url).call(removeMyToken, { params: { name: "x" } });
      expect(await faultOf(plain)).toMatchObject({ kind: "not_found" });
    }
  });

  test("no error holds the credential", async () => {
    const { url } = serve(() => json({ error: "no" }, 500));
    const error = await clientOf(url)
      .call(createMyToken, { body: { name: "x" } })
      .catch(String);
    expect(error).not.toContain(TOKEN);
  });
});

describe("pitfall 10: replies", () => {
  const bodies: [string, Response][] = [
    ["nothing", new Response("", { headers: VERSION })],
    ["a page", new Response("<html>", { headers: VERSION })],
    ["another shape", json({ tokens: [] })],
    ["a field of another type", json([{ name: 1, created: null, last_used: null, expires: "x" }])],
    ["another status", new Response("[]", { status: 206, headers: VERSION })],
  ];
  test.each(bodies)("%s is an error", async (_, response) => {
    const { url } = serve(() => response);
    const fault = await faultOf(clientOf(url).call(listMyTokens, {}));
    expect(fault).toMatchObject({ kind: "incompatible_reply" });
  });

  test("fields that are not known yet are no error", async () => {
    const token = {
      name: "a",
      created: "2026-01-01T00:00:00Z",
      last_used: null,
      expires: "2031-01-01T00:00:00.123456Z",
      new: 1,
    };
    const { url } = serve(() => json([token]));
    expect((await clientOf(url).call(listMyTokens, {})).body[0]?.name).toBe("a");
  });
});

describe("logging in", () => {
  const cookie = { "Set-Cookie": "jwt_sig=c2ln; HttpOnly" };
  const start = async (body: object, headers: Record<string, string>) => {
    const { url } = serve(() => json(body, 200, headers));
    return login(clientOf(url, { credential: null }), "a@b.c", "secret");
  };

  test("the JWT may come in two parts and a cookie, or whole", async () => {
    const payload = Buffer.from('{"exp":4000000000}').toString("base64url");
    expect(await start({ jwt_token: `aGVhZA.${payload}` }, cookie)).toEqual({
      jwt: `aGVhZA.${payload}.c2ln`,
      expiresAtMs: 4_000_000_000_000,
      passwordChangeRequired: false,
    });
    expect(await start({ jwt_token: "aGVhZA.e30.c2ln" }, {})).toMatchObject({
      jwt: "aGVhZA.e30.c2ln",
    });
  });

  test("a session that may only set a password says so", async () => {
    const headers = { ...cookie, Location: "/user/me/password" };
    expect(await start({ jwt_token: "a.e30" }, headers)).toMatchObject({
      passwordChangeRequired: true,
    });
  });

  test("without a signature there is no session", async () => {
    expect(await faultOf(start({ jwt_token: "a.b" }, {}))).toMatchObject({
      kind: "incompatible_reply",
    });
    const other = { "Set-Cookie": "session=x" };
    expect(await faultOf(start({ jwt_token: "a.b" }, other))).toMatchObject({
      kind: "incompatible_reply",
    });
  });
});
