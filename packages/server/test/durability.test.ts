import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { Client } from "pg";
import type { Database } from "../src/store/database.ts";
import { createPostgresDialect, describeEachDialect, type TestDatabase } from "./databases.ts";
import { startPostgres, type PostgresServer } from "./postgres.ts";

const WRITER = join(import.meta.dir, "durability-writer.ts");
const ROUNDS = 5;
const ACKNOWLEDGED_MIN = 5;
const ACKNOWLEDGED_SPREAD = 60;

/** Lets a process write, has it interrupted at a random moment, and returns what it acknowledged. */
async function interruptWriter(
  { url }: TestDatabase,
  interrupt: (pid: number) => Promise<void>,
): Promise<[userId: string, seq: number][]> {
  const child = Bun.spawn([process.execPath, WRITER, url], { stdout: "pipe", stderr: "ignore" });
  const enough = ACKNOWLEDGED_MIN + Math.random() * ACKNOWLEDGED_SPREAD;
  const decoder = new TextDecoder();
  let text = "";
  let isInterrupted = false;
  for await (const chunk of child.stdout) {
    text += decoder.decode(chunk, { stream: true });
    if (!isInterrupted && text.split("\n").length > enough) {
      isInterrupted = true;
      await interrupt(child.pid);
    }
  }
  await child.exited;
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => line.split(" "))
    .map(([userId = "", seq]) => [userId, Number(seq)]);
}

/** Everything that was acknowledged is there, and so is its change; and the log has no gap. */
async function expectAll(
  { db }: Database,
  acknowledged: readonly [string, number][],
): Promise<void> {
  const users = await db.selectFrom("user_account").select("id").execute();
  const stored = new Set(users.map(({ id }) => id));
  expect(acknowledged.filter(([userId]) => !stored.has(userId))).toEqual([]);
  const log = await db.selectFrom("change_log").select(["seq", "user_id"]).orderBy("seq").execute();
  expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
  const changes = new Map(log.map(({ seq, user_id }) => [seq, user_id]));
  expect(acknowledged.filter(([userId, seq]) => changes.get(seq) !== userId)).toEqual([]);
  // Each user was stored with its change, or neither was.
  expect(log.length).toBe(users.length + 1);
}

async function killProcess(pid: number): Promise<void> {
  process.kill(pid, "SIGKILL");
}

describeEachDialect("a writing process that is killed", (dialect) => {
  test("loses nothing that was acknowledged", async () => {
    await using testDatabase = await dialect.create();
    const acknowledged: [string, number][] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      acknowledged.push(...(await interruptWriter(testDatabase, killProcess)));
      const database = await testDatabase.open();
      await expectAll(database, acknowledged);
      await database.close();
    }
    expect(acknowledged.length).toBeGreaterThanOrEqual(ROUNDS * ACKNOWLEDGED_MIN);
  });
});

setDefaultTimeout(120_000);
let server: Promise<PostgresServer> | undefined;
afterAll(async () => (await server)?.stop());

test("a PostgreSQL that crashes loses nothing that was acknowledged", async () => {
  // Whatever the server's default is, our connections ask for more.
  server = startPostgres({ durable: true, settings: ["synchronous_commit=off"] });
  const { url } = await server;
  await using testDatabase = await createPostgresDialect(async () => url).create();
  // A backend that is killed takes all others along, and the server recovers from its log.
  const killBackend = async (): Promise<void> => {
    const client = new Client({ connectionString: testDatabase.url });
    client.on("error", () => {});
    await client.connect();
    const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
    process.kill(rows[0]?.pid ?? 0, "SIGKILL");
    await client.end().catch(() => {});
  };
  const acknowledged: [string, number][] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    acknowledged.push(...(await interruptWriter(testDatabase, killBackend)));
    const database = await testDatabase.open();
    await expectAll(database, acknowledged);
    await database.close();
  }
  expect(acknowledged.length).toBeGreaterThanOrEqual(ROUNDS * ACKNOWLEDGED_MIN);
});
