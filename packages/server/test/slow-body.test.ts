import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect } from "node:net";
import { SQLITE } from "./databases.ts";
import { startServer, type TestServer } from "./server.ts";

/** Sends a head and then a byte now and then, until the server closes; resolves with what it said. */
function dawdle({ url }: TestServer, head: readonly string[], piece: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let received = "";
    const socket = connect(Number(port), hostname, () => {
      socket.write(`${head.join("\r\n")}\r\nHost: conch\r\n\r\n`);
    });
    const timer = setInterval(() => socket.write(piece), 100);
    socket.on("data", (chunk) => (received += chunk.toString("utf8")));
    // The server may be gone before the next piece is.
    socket.on("error", (error) => (received === "" ? reject(error) : undefined));
    socket.on("close", () => {
      clearInterval(timer);
      resolve(received);
    });
  });
}

let server: TestServer;
beforeAll(async () => {
  server = await startServer(SQLITE, { bodyTimeout: "1s" });
});
afterAll(() => server[Symbol.asyncDispose]());

test("408, and the connection is closed: a body that does not come to its end", async () => {
  const bodies = [
    ["Content-Length: 5000", " "],
    ["Transfer-Encoding: chunked", "1\r\n \r\n"],
  ] as const;
  const answers = await Promise.all(
    bodies.map(([header, piece]) => dawdle(server, ["POST /login HTTP/1.1", header], piece)),
  );
  for (const answer of answers) {
    expect(answer).toStartWith("HTTP/1.1 408 ");
    expect(answer).toMatch(/^connection: close\r$/im);
    expect(answer).toContain('"code":"request_timeout"');
  }
  expect(server.log.filter((line) => line.includes('"error":"request_timeout"'))).toHaveLength(2);
});

test("a client that goes away in the middle of a body is no fault of the server's", async () => {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.end("POST /login HTTP/1.1\r\nHost: conch\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
  const findLine = () =>
    server.log.find((line) => line.includes('"invalid_request"') || line.includes('"internal"'));
  while (findLine() === undefined) await Bun.sleep(10);
  expect(JSON.parse(findLine() ?? "")).toMatchObject({ level: "info", status: 400 });
});

test("200: an answer may take longer than a body", async () => {
  const user = await server.createUser();
  const service = await server.createToken(await server.createUser(), "s", { rights: "verify" });
  // A holder that says no more: a wait lasts until its lease is over.
  const poll = { holder: "a-silent-verifier-of-tests", poll: 1, cursor: null, hold: false };
  await server.call("POST", "/changes", { as: service, json: poll });
  const answer = await server.call("POST", "/user/me/password?wait=1", {
    as: user.session,
    json: { password: "seven tin boats adrift" },
  });
  expect(answer.status).toBe(200);
  expect(answer.json()["waited_ms"]).toBeGreaterThan(1000);
}, 20_000);
