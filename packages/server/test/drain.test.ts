import { expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readServeConfig } from "../src/config.ts";
import { createContext } from "../src/context.ts";
import { serve } from "../src/serve.ts";
import { changeBound } from "../src/store/configuration.ts";
import { describeEachDialect, SQLITE } from "./databases.ts";
import { type Credential, SECRET, startServer, type TestServer } from "./server.ts";

const PATIENCE_MS = 120_000;
const WORKERS = 6;
const LOOK_MS = 100;

/** What any balancer does: asks the nodes whether they are ready, and sends requests to those. */
function createBalancer() {
  const nodes = new Map<TestServer, boolean>();
  const watch = setInterval(() => {
    for (const node of nodes.keys()) {
      node.call("GET", "/health/ready").then(
        ({ status }) => nodes.has(node) && nodes.set(node, status === 200),
        () => nodes.has(node) && nodes.set(node, false),
      );
    }
  }, LOOK_MS);
  let turn = 0;
  return {
    add: (node: TestServer) => nodes.set(node, false),
    remove: (node: TestServer) => nodes.delete(node),
    isReady: (node: TestServer) => nodes.get(node) === true,
    next(): TestServer | undefined {
      const ready = [...nodes].flatMap(([node, isReady]) => (isReady ? [node] : []));
      turn += 1;
      return ready[turn % ready.length];
    },
    close: () => clearInterval(watch),
  };
}

describeEachDialect("nodes that come and go under load", (dialect) => {
  test(
    "no request fails",
    async () => {
      const balancer = createBalancer();
      const stopped = new AbortController();
      const faults: string[] = [];
      let answered = 0;

      const ask = async (token: Credential): Promise<void> => {
        const node = balancer.next();
        if (node === undefined) return void faults.push("no node is ready");
        for (const [method, path, status] of [
          ["GET", "/verify", 200],
          ["GET", "/user/me", 200],
          ["POST", "/user/me/revoke?login_only=1", 204],
        ] as const) {
          try {
            const answer = await node.call(method, path, { as: token });
            answered += 1;
            if (answer.status !== status) faults.push(`${method} ${path}: ${answer.status}`);
          } catch (error) {
            faults.push(`${method} ${path}: ${String(error)}`);
          }
        }
      };
      const work = async (token: Credential): Promise<void> => {
        while (!stopped.signal.aborted) await ask(token);
      };
      const add = async (node: TestServer): Promise<TestServer> => {
        balancer.add(node);
        while (!balancer.isReady(node)) await Bun.sleep(10);
        return node;
      };

      await using first = await startServer(dialect, { drainDelay: "1s" });
      const token = await first.createToken(await first.createUser(), "t");
      await add(first);
      const workers = Array.from({ length: WORKERS }, () => work(token));
      const options = { drainDelay: "1s", database: first.databaseUrl };
      await using second = await startServer(dialect, options);
      await add(second);
      await first.stop();
      balancer.remove(first);
      await using third = await startServer(dialect, options);
      await add(third);
      await second.stop();
      balancer.remove(second);
      stopped.abort();
      await Promise.all(workers);
      balancer.close();

      expect(faults).toEqual([]);
      expect(answered).toBeGreaterThan(50);
    },
    PATIENCE_MS,
  );
});

test("a server that stops leaves a wait its time, be the bound as long as it may", async () => {
  for (const [boundMs, patienceMs] of [
    [500, 20_000],
    [25_000, 27_250],
  ] as const) {
    await using testDatabase = await SQLITE.create();
    const folder = await mkdtemp(join(tmpdir(), "conchd-drain-"));
    await writeFile(join(folder, "secrets"), SECRET);
    const database = await testDatabase.open();
    await changeBound(database, boundMs, async () => {});
    const delays: number[] = [];
    const context = createContext();
    const delay = async (ms: number) => {
      delays.push(ms);
      // Nothing runs: the server is through before its patience ends.
      if (ms >= 20_000) await new Promise<never>(() => {});
    };
    const config = readServeConfig({
      database: testDatabase.url,
      listen: "127.0.0.1:0",
      secretsFile: join(folder, "secrets"),
      mailFolder: join(folder, "mail"),
      drainDelay: "0",
    });
    const log = { write: () => {}, flush: () => {} };
    const server = await serve(config, { ...context, delay, log });
    await server.stop();
    expect(delays).toContain(patienceMs);
    await rm(folder, { recursive: true });
  }
});
