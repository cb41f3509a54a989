import { expect, test } from "bun:test";
import { startTcpProxy } from "../../../acceptance/cluster/tcp-proxy.ts";
import { createContext } from "../src/context.ts";
import { readServeConfig } from "../src/config.ts";
import { createLogger } from "../src/logging.ts";
import { joinNodes } from "../src/membership.ts";
import { createCanary } from "../src/services/canary.ts";
import { describeEachDialect, TEST_DIALECTS } from "./databases.ts";
import { type Answer, type Credential, startServer, type TestServer } from "./server.ts";

const PATIENCE_MS = 120_000;

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await Bun.sleep(50);
}

const statusOf = async (server: TestServer, path: string, as: Credential = {}): Promise<number> =>
  (await server.call("GET", path, { as })).status;

/** How long a request took, by the log. */
function loggedMs({ log }: TestServer, answer: Answer): number {
  const line = log.find((text) => text.includes(answer.field("request_id"))) ?? "{}";
  return Number((JSON.parse(line) as { duration_ms?: number }).duration_ms);
}

for (const dialect of TEST_DIALECTS.filter(({ name }) => name === "postgres")) {
  test(
    "a lost database: not ready, good tokens within the lease, then 503, for a logout too; back without a restart",
    async () => {
      await using home = await startServer(dialect);
      const url = new URL(home.databaseUrl);
      const network = await startTcpProxy(Number(url.port));
      url.port = String(network.port);
      const server = await startServer(dialect, { database: url.href });
      try {
        const ann = await home.createUser();
        const token = await home.createToken(ann, "t");
        const stranger = await home.createToken(ann, "not seen yet");
        expect(await statusOf(server, "/verify", token)).toBe(200);

        network.stall();
        expect(await statusOf(server, "/verify", token)).toBe(200);
        const collected = server.call("GET", "/metrics");
        // It has no connection left, and is told so two seconds later.
        const needsDatabase = server.call("GET", "/user/me/token", { as: token });
        const { text: first } = await Promise.race([needsDatabase, collected]);
        expect(first).toMatch(/^conch_change_log_lag nan$/im);
        expect((await needsDatabase).status).toBe(503);
        const ready = await server.call("GET", "/health/ready");
        expect([ready.status, ready.field("status")]).toEqual([503, "database_unavailable"]);
        await until(async () => (await statusOf(server, "/verify", token)) !== 200);
        const refused = await server.call("GET", "/verify", { as: token });
        // A second's patience with the renewal, by a timer that may be early by a little.
        expect(loggedMs(server, refused)).toBeGreaterThan(900);
        expect([refused.status, refused.field("code")]).toEqual([503, "verification_unavailable"]);
        expect(refused.headers.get("retry-after")).toBe("1");
        expect(await statusOf(server, "/verify", stranger)).toBe(503);
        const stay = await server.call("POST", "/logout", { as: ann.session });
        expect([stay.status, stay.field("code")]).toEqual([503, "database_unavailable"]);
        expect(stay.headers.get("set-cookie")).toBeNull();

        network.resume();
        await until(async () => (await statusOf(server, "/verify", token)) === 200);
        await until(async () => (await statusOf(server, "/health/ready")) === 200);
        expect(await statusOf(server, "/verify", stranger)).toBe(200);
        expect(await statusOf(server, "/me", ann.session)).toBe(204);
        expect((await server.call("POST", "/logout", { as: ann.session })).status).toBe(204);
        expect(await statusOf(server, "/me", ann.session)).toBe(401);
      } finally {
        network.resume();
        await server[Symbol.asyncDispose]();
        network.close();
      }
    },
    PATIENCE_MS,
  );
}

describeEachDialect("the canary", (dialect) => {
  test(
    "is accepted, revoked through the database, and refused within the bound",
    async () => {
      await using testDatabase = await dialect.create();
      const database = await testDatabase.open();
      const context = createContext();
      const config = readServeConfig({
        database: testDatabase.url,
        secretsFile: "unused",
        mailFolder: "unused",
      });
      const logger = createLogger({ level: "error", write: () => {}, timestamp: () => "" });
      const membership = await joinNodes({ config, database, context, logger });
      const { node, boundMs } = membership;
      try {
        await node.lease.ensure();
        const result = await createCanary({ ...context, database, node, boundMs }).run();
        expect(result).toEqual({
          refusedMs: expect.any(Number),
          everywhereMs: expect.any(Number),
          proof: "confirmed",
        });
        expect(node.cache.size()).toBe(0);
      } finally {
        await membership.leave();
      }
    },
    PATIENCE_MS,
  );
});
