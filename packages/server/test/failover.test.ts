/** PostgreSQL's primary dies, a synchronous standby takes over: docs/operating-postgresql.md. */
import { afterAll, expect, test } from "bun:test";
import { startTcpProxy } from "../../../acceptance/cluster/tcp-proxy.ts";
import { createPostgresDialect } from "./databases.ts";
import { query, startPostgres } from "./postgres.ts";
import { type Credential, startServer, type TestServer } from "./server.ts";

const TOKENS = 40;
const MS_MAX = 120_000;

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await Bun.sleep(20);
}

const statusOf = async (server: TestServer, path: string, as: Credential = {}): Promise<number> =>
  (await server.call("GET", path, { as })).status;

/** What has to be closed, in the order of opening. */
const opened: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of opened.toReversed()) await close();
});

test(
  "every acknowledged revocation survives, and conchd goes on without a restart",
  async () => {
    const primary = await startPostgres({
      hasStandby: true,
      settings: ["synchronous_standby_names=*"],
    });
    opened.push(() => primary.stop());
    const standby = await startPostgres({ standbyOf: primary });
    opened.push(() => standby.stop());
    // What follows the primary: a virtual address, or a proxy.
    const network = await startTcpProxy(Number(new URL(primary.url).port));
    opened.push(async () => network.close());
    const address = new URL(primary.url);
    address.port = String(network.port);
    const server = await startServer(createPostgresDialect(async () => address.href));
    opened.push(async () => server[Symbol.asyncDispose]());

    const ann = await server.createUser();
    const kept = await server.createToken(ann, "kept");
    const tokens: Credential[] = [];
    for (let i = 0; i < TOKENS; i += 1) tokens.push(await server.createToken(ann, `t${i}`));

    // Revocations without a pause, until after the failover; each repeated until it is acknowledged.
    let acknowledged = 0;
    const statuses = new Set<number>();
    const revoke = async (): Promise<void> => {
      for (let i = 0; i < TOKENS; i += 1) {
        await until(async () => {
          const { status } = await server.call("DELETE", `/user/me/token/t${i}`, { as: kept });
          statuses.add(status);
          return status === 204 || status === 404;
        });
        acknowledged += 1;
      }
    };
    const revoking = revoke();
    await until(async () => acknowledged > TOKENS / 4);
    process.kill(primary.pid(), "SIGKILL");
    const before = acknowledged;
    network.cut();
    await query(standby.url, "select pg_promote()");
    network.redirect(Number(new URL(standby.url).port));
    network.cut();
    // Whatever was acknowledged before is refused by what the new primary itself says.
    await using other = await startServer(
      createPostgresDialect(async () => standby.url),
      {
        database: server.databaseUrl,
      },
    );
    for (const token of tokens.slice(0, before)) {
      expect(await statusOf(other, "/verify", token)).toBe(401);
    }
    await revoking;
    expect([...statuses].filter((status) => ![204, 404, 503].includes(status))).toEqual([]);
    expect(before).toBeLessThan(TOKENS);

    await until(async () => (await statusOf(server, "/health/ready")) === 200);
    expect(await statusOf(server, "/verify", kept)).toBe(200);
    expect(await statusOf(server, "/verify", await server.createToken(ann, "new"))).toBe(200);
    for (const token of tokens) expect(await statusOf(server, "/verify", token)).toBe(401);
    const waited = await server.call("DELETE", "/user/me/token/new?wait=1", { as: kept });
    expect(waited.status).toBe(200);
  },
  MS_MAX,
);
