// GET /verify while 16 clients log in without pause, over GET /verify alone.
import { join } from "node:path";
import { serveDatabase } from "./lib/conchd.ts";
import { createFolder } from "./lib/files.ts";
import { startLoadGenerator, type LoadResult } from "./lib/load.ts";
import { ROUNDS, SECONDS } from "./lib/options.ts";
import { formatNumber, reportRatio } from "./lib/report.ts";
import { alternate, median, medianRatio } from "./lib/rounds.ts";
import { emailOf, PASSWORD, seed } from "./lib/seed.ts";

const CLIENTS = 16;
const TOKENS = 10_000;

await using folder = await createFolder();
const database = `sqlite:${join(folder.path, "conch.db")}`;
const tokensFile = join(folder.path, "tokens");
await seed({ url: database, stored: TOKENS, inUse: TOKENS, tokensFile });
await using server = await serveDatabase({ database, folder: folder.path });
await using generator = await startLoadGenerator();

let logins = 0;

async function logIn(user: string): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${server.port}/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user, password: PASSWORD }),
  });
  await answer.arrayBuffer();
  if (answer.status !== 200) throw new Error(`POST /login: ${answer.status}`);
  logins += 1;
}

async function verify(): Promise<LoadResult> {
  const result = await generator.ask({
    port: server.port,
    request: server.request,
    tokensFile,
    tokens: TOKENS,
    connections: 64,
    warmupMs: 300,
    durationMs: SECONDS * 1_000,
  });
  if (result.errors > 0) throw new Error(JSON.stringify(result.failures));
  return result;
}

async function verifyDuringLogins(): Promise<LoadResult> {
  const over = new AbortController();
  const clients = Array.from({ length: CLIENTS }, async (_, index) => {
    while (!over.signal.aborted) await logIn(emailOf(index));
  });
  const result = await verify();
  over.abort();
  await Promise.all(clients);
  return result;
}

const results = await alternate({ alone: verify, loaded: verifyDuringLogins }, ROUNDS);
const [alone = [], loaded = []] = [results["alone"], results["loaded"]];
const rates = (rounds: readonly LoadResult[]): number[] => rounds.map(({ rate }) => rate);
const p99s = (rounds: readonly LoadResult[]): number[] => rounds.map(({ p99Ms }) => p99Ms);
const what = `GET /verify while ${CLIENTS} clients log in / alone`;
reportRatio(
  `${what}, rate`,
  medianRatio(rates(loaded), rates(alone)),
  { atLeast: 0.8 },
  `${formatNumber(median(rates(loaded)))}/s against ${formatNumber(median(rates(alone)))}/s, ${logins} logins`,
);
reportRatio(
  `${what}, p99`,
  medianRatio(p99s(loaded), p99s(alone)),
  { atMost: 2 },
  `${formatNumber(median(p99s(loaded)))} ms against ${formatNumber(median(p99s(alone)))} ms`,
);
