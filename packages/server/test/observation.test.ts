import { afterAll, beforeAll, expect, test } from "bun:test";
import { createToken } from "@conch/contract";
import { bearer, describeServer, startServer, type TestServer } from "./server.ts";
import { SQLITE } from "./databases.ts";
import { findFreePort } from "./postgres.ts";
import { createAnn } from "./verification.ts";

interface LogLine {
  readonly level: string;
  readonly route?: string;
  readonly status?: number;
}

describeServer("what a node shows of itself", (server, dialect) => {
  test("GET /health/live: 200 while the process is there", async () => {
    const answer = await server.call("GET", "/health/live");
    expect([answer.status, answer.text]).toEqual([200, '{"status":"live"}']);
  });

  test("HEAD is answered as GET is, without a body: what some balancers and containers ask with", async () => {
    for (const path of ["/health/live", "/metrics", "/docs"]) {
      const answer = await server.call("HEAD", path);
      expect([answer.status, answer.text]).toEqual([200, ""]);
    }
    const other = await server.call("POST", "/health/live");
    expect([other.status, other.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });

  test("GET /health/ready: 200 with how fresh the node's view is", async () => {
    let answer = await server.call("GET", "/health/ready");
    // Not before its first lease, which a busy machine may take its time for.
    while (answer.status === 503) answer = await server.call("GET", "/health/ready");
    expect(answer.status).toBe(200);
    const report = answer.json();
    expect(report).toMatchObject({ status: "ready", bound_ms: 5000 });
    expect(report["view_age_ms"]).toBeLessThan(4750);
    expect(report["lease_left_ms"]).toBeGreaterThan(0);
    expect(report["applied"]).toBeGreaterThan(0);
  });

  test("GET /metrics counts requests by route and status, verifications by outcome and source", async () => {
    const token = await server.createToken(await server.createUser(), "counted");
    await server.call("GET", "/verify", { as: token });
    const before = await metricsOf(server);
    for (let i = 0; i < 3; i += 1) await server.call("GET", "/verify", { as: token });
    await server.call("HEAD", "/verify", { as: token });
    await server.call("GET", "/verify", { as: bearer("conch_x") });
    const unknown = bearer(createToken((count) => crypto.getRandomValues(new Uint8Array(count))));
    for (let i = 0; i < 2; i += 1) await server.call("GET", "/verify", { as: unknown });
    await server.call("GET", "/no/such/route");
    const after = await metricsOf(server);
    const grown = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
    expect(grown('conch_verifications_total{outcome="ok",source="cache"}')).toBe(4);
    expect(grown('conch_verifications_total{outcome="invalid",source="form"}')).toBe(1);
    expect(grown('conch_verifications_total{outcome="invalid",source="database"}')).toBe(1);
    expect(grown('conch_verifications_total{outcome="invalid",source="cache"}')).toBe(1);
    expect(grown('conch_requests_total{method="GET",route="/verify",status="200"}')).toBe(3);
    expect(grown('conch_requests_total{method="HEAD",route="/verify",status="200"}')).toBe(1);
    expect(grown('conch_requests_total{method="GET",route="/verify",status="401"}')).toBe(3);
    expect(grown('conch_requests_total{method="GET",route="none",status="404"}')).toBe(1);
    expect(after.get("conch_bound_seconds")).toBe(5);
    expect(after.get("conch_lease_live")).toBe(1);
    expect(after.get("conch_change_log_lag")).toBe(0);
    expect(after.get("conch_cache_entries")).toBeGreaterThan(0);
  });

  test("GET /metrics counts a request with a body as one verification", async () => {
    const token = await server.createToken(await server.createUser(), "posts");
    expect((await server.call("GET", "/me", { as: token })).status).toBe(204);
    const before = await metricsOf(server);
    const json = { key: 1 };
    await server.call("POST", "/user/me/settings/key", { as: token, json });
    const after = await metricsOf(server);
    const verifications = (metrics: ReadonlyMap<string, number>) =>
      [...metrics]
        .filter(([name]) => name.startsWith("conch_verifications_total"))
        .reduce((sum, [, count]) => sum + count, 0);
    expect(verifications(after) - verifications(before)).toBe(1);
  });

  test("GET /metrics counts good tokens whose rights are not enough apart", async () => {
    const { read, verify } = await createAnn(server);
    for (const as of [read, verify]) await server.call("GET", "/verify?rights=full", { as });
    const before = await metricsOf(server);
    await server.call("GET", "/verify", { as: read });
    await server.call("GET", "/verify?rights=read", { as: read });
    await server.call("GET", "/verify?rights=full", { as: read });
    await server.call("GET", "/verify", { as: verify });
    await server.call("GET", "/me", { as: verify });
    await server.call("DELETE", "/user/me/token/x", { as: read });
    const after = await metricsOf(server);
    const grown = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
    expect(grown('conch_verifications_total{outcome="ok",source="cache"}')).toBe(2);
    expect(grown('conch_verifications_total{outcome="forbidden",source="cache"}')).toBe(4);
    expect(grown('conch_requests_total{method="GET",route="/verify",status="200"}')).toBe(2);
    expect(grown('conch_requests_total{method="GET",route="/verify",status="403"}')).toBe(2);
  });

  test("GET /verify logs no success, however it is asked, and each refusal", async () => {
    const { ann, full, read } = await createAnn(server);
    const linesBefore = server.log.length;
    for (const as of [full, ann.session]) {
      for (const query of ["", "?rights=read", "?rights=full"]) {
        expect((await server.call("GET", `/verify${query}`, { as })).status).toBe(200);
        expect((await server.call("HEAD", `/verify${query}`, { as })).status).toBe(200);
      }
    }
    expect((await server.call("GET", "/verify?rights=full", { as: read })).status).toBe(403);
    const seen = logged(server, "/verify", linesBefore);
    expect(seen.filter((line) => line.startsWith("info"))).toEqual(["info 403"]);
  });

  test("what is revoked is logged with whose it was: a backup that is restored forgets it", async () => {
    const { ann, full } = await createAnn(server);
    const { db } = server.database;
    const { id } = await db
      .selectFrom("token")
      .select("id")
      .where("user_id", "=", ann.id)
      .where("name", "=", "reader")
      .executeTakeFirstOrThrow();
    const linesBefore = server.log.length;
    await server.call("DELETE", "/user/me/token/reader", { as: full });
    await server.call("POST", "/user/me/revoke", { as: ann.session });
    const changes = server.log
      .slice(linesBefore)
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ event }) => event === "change");
    expect(changes).toMatchObject([
      { level: "info", kind: "token", token_id: id, user_id: ann.id },
      { level: "info", kind: "user", user_id: ann.id },
    ]);
    expect(changes[1]).not.toHaveProperty("token_id");
    const { seq } = await db.selectFrom("change_head").select("seq").executeTakeFirstOrThrow();
    expect(changes.map((change) => change["seq"])).toEqual([seq - 1, seq]);
  });

  test("who watches leaves no line for each look", async () => {
    const linesBefore = server.log.length;
    for (const path of ["/health/live", "/health/ready", "/metrics"]) {
      expect((await server.call("GET", path)).status).toBe(200);
      expect(logged(server, path, linesBefore)).toEqual(["debug 200"]);
    }
  });

  test("GET /metrics shows how long revocations took that were waited for", async () => {
    const token = await server.createToken(await server.createUser(), "short");
    const answer = await server.call("DELETE", "/user/me/token/short?wait=1", { as: token });
    expect(answer.status).toBe(200);
    const metrics = await metricsOf(server);
    expect(metrics.get('conch_revocation_seconds_count{proof="confirmed"}')).toBeGreaterThan(0);
  });

  test("GET /metrics is for this machine, and for administrators from elsewhere", async () => {
    const ask = (as = {}) =>
      server.call("GET", "/metrics", { as, headers: { "x-forwarded-for": "203.0.113.9" } });
    expect((await ask()).status).toBe(401);
    const user = await server.createUser();
    expect((await ask(user.session)).status).toBe(403);
    const admin = await server.createUser({ is_admin: 1 });
    expect((await ask(admin.session)).status).toBe(200);
    const reader = await server.createToken(admin, "prometheus", { rights: "read" });
    expect((await ask(reader)).status).toBe(200);
  });

  test(`drains: not ready, connections closed, and then gone [${dialect.name}]`, async () => {
    const leaving = await startServer(dialect, { drainDelay: "1s" });
    try {
      const stopped = leaving.stop();
      const ready = await leaving.call("GET", "/health/ready");
      expect([ready.status, ready.json()["status"]]).toEqual([503, "draining"]);
      expect(logged(leaving, "/health/ready")).toEqual(["info 503"]);
      const ping = await leaving.call("GET", "/ping");
      expect([ping.status, ping.headers.get("connection")]).toEqual([200, "close"]);
      await stopped;
      const answer = leaving.call("GET", "/ping").then(
        () => "answered",
        () => "refused",
      );
      expect(await answer).toBe("refused");
    } finally {
      await leaving[Symbol.asyncDispose]();
    }
  });
});

let withOwnAddress: TestServer;
let ownPort: number;
beforeAll(async () => {
  ownPort = await findFreePort();
  withOwnAddress = await startServer(SQLITE, { metricsListen: `127.0.0.1:${ownPort}` });
});
afterAll(() => withOwnAddress[Symbol.asyncDispose]());

test("--metrics-listen: metrics and health on an address of their own, and nothing else", async () => {
  const own = `http://127.0.0.1:${ownPort}`;
  const headers = { "x-forwarded-for": "203.0.113.9" };
  expect((await fetch(`${own}/metrics`, { headers })).status).toBe(200);
  expect((await fetch(`${own}/health/ready`)).status).toBe(200);
  expect((await fetch(`${own}/version`)).status).toBe(404);
});

/** The level and the status of each request to a route that was logged. */
function logged(server: TestServer, path: string, linesBefore = 0): string[] {
  const lines = server.log.slice(linesBefore).map((line) => JSON.parse(line) as LogLine);
  const ofPath = lines.filter(({ route }) => route === path);
  return ofPath.map(({ level, status }) => `${level} ${status}`);
}

async function metricsOf(server: TestServer): Promise<ReadonlyMap<string, number>> {
  const { text } = await server.call("GET", "/metrics");
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    samples.map((line) => {
      const end = line.lastIndexOf(" ");
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}
