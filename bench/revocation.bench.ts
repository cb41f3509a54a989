// From the commit of a revocation to the last acceptance anywhere: 3 nodes on one PostgreSQL and 8
// verifiers, at half of what saturates the machine, and at full load. Half is taken in two ways: half of
// the processors' time, and half of the rate that verifiers reach without a pause. The latter keeps the
// processors busier than half: whoever never pauses finds its caches warm, and is never woken.
import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import type { Database } from "../packages/server/src/store/database.ts";
import { openDatabase } from "../packages/server/src/store/open-database.ts";
import { startPostgres } from "../packages/server/test/postgres.ts";
import type { WatcherAnswer, WatcherQuestion } from "./in-process/watcher.ts";
import { serveDatabase } from "./lib/conchd.ts";
import { createFolder } from "./lib/files.ts";
import { FULL } from "./lib/options.ts";
import { formatNumber, report } from "./lib/report.ts";
import { seed } from "./lib/seed.ts";
import { startWorker } from "./lib/worker.ts";

const NODES = 3;
const VERIFIERS = 8;
const REVOCATIONS = FULL ? 1_000 : 200;
const REVOCATIONS_AT_FULL_LOAD = 30;
/** What happens seldom is compiled late: a service that has run for minutes has it behind it. */
const WARM_UP_REVOCATIONS = 200;
const LOAD_TOKENS = 1_000;
const PAUSE_MS_MIN = 50;
const PAUSE_MS_SPREAD = 100;
/** A backlog of the load before is gone. */
const SETTLE_MS = 1_000;
const BOUND_MS = 5_000;
const HALF = 0.5;
const TOLERANCE = 0.05;
const CALIBRATION_STEPS = 8;

await using folder = await createFolder();
const tokensFile = join(folder.path, "tokens");
const postgres = await startPostgres({ durable: true });
const victimsMax = WARM_UP_REVOCATIONS + 2 * REVOCATIONS + REVOCATIONS_AT_FULL_LOAD;
const inUse = 1 + LOAD_TOKENS + victimsMax;
await seed({ url: postgres.url, stored: inUse, inUse, tokensFile });
const [ownToken = "", ...others] = readFileSync(tokensFile, "utf8").trimEnd().split("\n");
const victims = others.slice(LOAD_TOKENS);
const loadFile = join(folder.path, "load");
await Bun.write(loadFile, others.slice(0, LOAD_TOKENS).join("\n"));

const nodes = await Promise.all(
  Array.from({ length: NODES }, () =>
    serveDatabase({ database: postgres.url, folder: folder.path }),
  ),
);
const watchers = await Promise.all(
  Array.from({ length: VERIFIERS }, (_, index) =>
    startWorker<WatcherQuestion, WatcherAnswer>(
      [
        process.execPath,
        join(import.meta.dir, "in-process/watcher.ts"),
        `http://127.0.0.1:${nodes[index % NODES]!.port}`,
        ownToken,
        loadFile,
      ],
      { announces: true },
    ),
  ),
);
const database = await openDatabase(postgres.url, { createId: randomUUID, nowMs: Date.now });

const askAll = (question: WatcherQuestion): Promise<WatcherAnswer[]> =>
  Promise.all(watchers.map((watcher) => watcher.ask(question)));

/** When its COMMIT was sent, and when it was answered, milliseconds since the epoch. */
interface Commit {
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
}

const nowMs = (): number => performance.timeOrigin + performance.now();

/** Revokes as a node does. */
async function revoke(store: Database, token: string): Promise<Commit> {
  const hash = new Uint8Array(createHash("sha256").update(token).digest());
  const row = await store.db
    .selectFrom("token")
    .select(["id", "user_id"])
    .where("hash", "=", hash)
    .executeTakeFirstOrThrow();
  const { value: sentAtMs } = await store.write(async (tx) => {
    await tx
      .updateTable("token")
      .set({ revoked_at_ms: Date.now(), held_name: null })
      .where("id", "=", row.id)
      .execute();
    return {
      value: nowMs(),
      changes: [{ kind: "token", tokenId: row.id, userId: row.user_id }],
    };
  });
  return { sentAtMs, answeredAtMs: nowMs() };
}

/** Milliseconds of one revocation. */
interface Times {
  /** From the sending of its COMMIT to the answer, the disk's sync included. */
  readonly commitMs: number;
  /**
   * From that answer to the last acceptance by any verifier. Before the disk has it, PostgreSQL shows a
   * commit to nobody.
   */
  readonly afterMs: number;
  /** From that answer until the first verification began that refused, at the verifier where it was latest. */
  readonly refusedMs: number;
}

async function measure(token: string): Promise<Times> {
  await askAll({ kind: "watch", token });
  const lasts = askAll({ kind: "last" });
  const { sentAtMs, answeredAtMs } = await revoke(database, token);
  const answers = await lasts;
  const afterMs = (times: readonly number[]): number =>
    Math.max(answeredAtMs, ...times) - answeredAtMs;
  return {
    commitMs: answeredAtMs - sentAtMs,
    afterMs: afterMs(answers.map(({ acceptedAtMs = Infinity }) => acceptedAtMs)),
    refusedMs: afterMs(answers.map(({ refusedAtMs = Infinity }) => refusedAtMs)),
  };
}

async function measureAll(tokens: readonly string[]): Promise<Times[]> {
  const times: Times[] = [];
  for (const token of tokens) {
    // At any moment of what nodes and verifiers do periodically, and not in the wake of the last one.
    await Bun.sleep(PAUSE_MS_MIN + Math.random() * PAUSE_MS_SPREAD);
    times.push(await measure(token));
  }
  return times;
}

/** What all processors did since the machine was started, milliseconds. */
function processorTimes(): { readonly busyMs: number; readonly allMs: number } {
  const all = cpus().map(({ times }) => times);
  const sum = (pick: (times: (typeof all)[number]) => number): number =>
    all.reduce((total, times) => total + pick(times), 0);
  const busyMs = sum(({ user, nice, sys, irq }) => user + nice + sys + irq);
  return { busyMs, allMs: busyMs + sum(({ idle }) => idle) };
}

/** The share of all processors' time that was used in so long, or meanwhile. */
async function busyDuring(work: () => Promise<unknown>): Promise<number> {
  const before = processorTimes();
  await work();
  const after = processorTimes();
  return (after.busyMs - before.busyMs) / (after.allMs - before.allMs);
}

/** @param rate verifications a second, by all verifiers; `null`: without a pause. */
async function load(rate: number | null): Promise<void> {
  await askAll({ kind: "load", perSecond: rate === null ? null : rate / VERIFIERS });
  await Bun.sleep(SETTLE_MS);
}

/** How many verifications they do in a second. */
async function measureRate(): Promise<number> {
  const rates = await askAll({ kind: "calibrate" });
  return rates.reduce((sum, { perSecond = 0 }) => sum + perSecond, 0);
}

/** The rate that keeps the processors half busy while nothing is revoked. */
async function findHalfBusyRate(start: number): Promise<number> {
  let rate = start;
  for (let step = 0; step < CALIBRATION_STEPS; step += 1) {
    await load(rate);
    const busy = await busyDuring(() => Bun.sleep(SETTLE_MS));
    if (Math.abs(busy - HALF) < TOLERANCE) break;
    rate *= HALF / busy;
  }
  return rate;
}

const what = `revocation, ${NODES} nodes, ${VERIFIERS} verifiers: commit to last acceptance`;

function percentile(values: readonly number[], at: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? Number.NaN;
}

function reportTimes(name: string, times: readonly Times[], limits: readonly Limit[], how: string) {
  for (const [percent, at, limitMs] of limits) {
    const figure = (pick: (time: Times) => number): number => percentile(times.map(pick), at);
    const ms = figure(({ afterMs }) => afterMs);
    const refusedMs = formatNumber(figure((time) => time.refusedMs));
    const commitMs = formatNumber(figure((time) => time.commitMs));
    report({
      what: `${what}, ${name}, ${percent}`,
      target: `≤ ${limitMs} ms`,
      result: `${formatNumber(ms)} ms (${times.length} revocations, ${how}; refused everywhere after ${refusedMs} ms; the COMMIT itself ${commitMs} ms)`,
      pass: ms <= limitMs,
    });
  }
}

/** Its name, the percentile, milliseconds. */
type Limit = readonly [string, number, number];

const LONGEST: Limit = ["longest", 1, BOUND_MS];
const LIMITS: readonly Limit[] = [["p50", 0.5, 10], ["p99", 0.99, 50], LONGEST];

await askAll({ kind: "warm" });
await load(null);
await load((await measureRate()) * HALF);
await measureAll(victims.splice(0, WARM_UP_REVOCATIONS));
await load(null);
const halfRate = (await measureRate()) * HALF;
const halfBusyRate = await findHalfBusyRate(halfRate);
for (const [name, rate] of [
  ["processors half busy", halfBusyRate],
  ["half of the rate without a pause", halfRate],
] as const) {
  await load(rate);
  const reached = await measureRate();
  let times: Times[] = [];
  const busy = await busyDuring(async () => {
    times = await measureAll(victims.splice(0, REVOCATIONS));
  });
  const percent = Math.round(busy * 100);
  reportTimes(name, times, LIMITS, `${formatNumber(reached)} verifications/s, ${percent} % busy`);
}
await load(null);
reportTimes("full load", await measureAll(victims), [LONGEST], "100 % busy");

await Promise.all(watchers.map((watcher) => watcher[Symbol.asyncDispose]()));
await database.close();
await Promise.all(nodes.map((node) => node.stop()));
await postgres.stop();
