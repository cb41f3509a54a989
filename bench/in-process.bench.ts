// Verifying inside a service: @conch/verify with all tokens in its cache, against jsonwebtoken and
// jose, on the same Node; and on Bun.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildLibraries } from "../scripts/libraries.ts";
import { serveDatabase } from "./lib/conchd.ts";
import { createFolder } from "./lib/files.ts";
import { ROUNDS, SECONDS } from "./lib/options.ts";
import { formatNumber, report, reportRatio } from "./lib/report.ts";
import { alternate, median, medianRatio } from "./lib/rounds.ts";
import { seed } from "./lib/seed.ts";
import { PEER_NODE } from "./lib/server.ts";
import { startWorker } from "./lib/worker.ts";

const TOKENS = 100_000;
const RATE_MIN = 500_000;
const HEAP_GROWTH_MAX_MB = 5;

/** What a contender did in a round. */
interface Done {
  readonly rate: number;
  readonly heapBytes: number;
}

await buildLibraries();
await using folder = await createFolder();
const tokensFile = join(folder.path, "tokens");
const database = `sqlite:${join(folder.path, "conch.db")}`;
await seed({ url: database, stored: TOKENS, inUse: TOKENS, tokensFile });
await using server = await serveDatabase({ database, folder: folder.path });

const url = `http://127.0.0.1:${server.port}`;
const [token = ""] = readFileSync(tokensFile, "utf8").split("\n", 1);
const start = (command: readonly string[]) =>
  startWorker<{ seconds: number }, Done>(command, { announces: true });
const conchOn = (runtime: readonly string[]) =>
  start([...runtime, join(import.meta.dir, "in-process/conch.mjs"), url, token, tokensFile]);
const node = [PEER_NODE, "--expose-gc"];
const peer = (name: string) =>
  start([...node, join(import.meta.dir, "peers/in-process.mjs"), name, String(TOKENS)]);

await using conch = await conchOn(node);
await using conchOnBun = await conchOn([process.execPath, "--expose-gc"]);
await using jsonwebtoken = await peer("jsonwebtoken");
await using jose = await peer("jose");

const round = { seconds: SECONDS };
const results = await alternate(
  {
    conch: () => conch.ask(round),
    conchOnBun: () => conchOnBun.ask(round),
    jsonwebtoken: () => jsonwebtoken.ask(round),
    jose: () => jose.ask(round),
  },
  ROUNDS,
);
const ratesOf = (name: string): number[] => (results[name] ?? []).map(({ rate }) => rate);

const what = `@conch/verify, ${formatNumber(TOKENS)} tokens cached, in process`;
for (const [runtime, name] of [
  ["Node 24", "conch"],
  ["Bun", "conchOnBun"],
] as const) {
  const rate = median(ratesOf(name));
  report({
    what: `${what}, ${runtime}`,
    target: `≥ ${formatNumber(RATE_MIN)}/s`,
    result: `${formatNumber(rate)}/s`,
    pass: rate >= RATE_MIN,
  });
}
reportRatio(
  `${what} / jsonwebtoken HS256, Node 24`,
  medianRatio(ratesOf("conch"), ratesOf("jsonwebtoken")),
  { atLeast: 5 },
  `jsonwebtoken ${formatNumber(median(ratesOf("jsonwebtoken")))}/s, jose ${formatNumber(median(ratesOf("jose")))}/s`,
);

const heapsBytes = (results["conch"] ?? []).map(({ heapBytes }) => heapBytes);
const growthMb = ((heapsBytes.at(-1) ?? 0) - (heapsBytes[0] ?? 0)) / 1e6;
report({
  what: `${what}: growth of the heap over ${ROUNDS} rounds`,
  target: `≤ ${HEAP_GROWTH_MAX_MB} MB`,
  result: `${formatNumber(growthMb)} MB`,
  pass: growthMb <= HEAP_GROWTH_MAX_MB,
});
