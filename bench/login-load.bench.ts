// What logins do to everybody else: p99 of GET /me with 8 logins always in flight, over that alone.
import { logIn, startConchd } from "./lib/conchd.ts";
import { ROUNDS, SECONDS } from "./lib/options.ts";
import { formatNumber, reportRatio } from "./lib/report.ts";
import { alternate, median, medianRatio } from "./lib/rounds.ts";

const LOGINS_IN_FLIGHT = 8;
/** A request every so often, whether the one before was answered or not: waiting shows. */
const INTERVAL_MS = 4;

await using server = await startConchd();
const headers = { authorization: `Bearer ${await logIn(server.url)}` };

async function requestMs(): Promise<number> {
  const start = performance.now();
  const answer = await fetch(`${server.url}/me`, { headers });
  if (answer.status !== 204) throw new Error(`GET /me: ${answer.status}`);
  return performance.now() - start;
}

/** p99 of GET /me over one round, milliseconds. */
async function measureP99Ms(): Promise<number> {
  const answers: Promise<number>[] = [];
  const end = performance.now() + SECONDS * 1000;
  while (performance.now() < end) {
    answers.push(requestMs());
    await Bun.sleep(INTERVAL_MS);
  }
  const times = (await Promise.all(answers)).sort((a, b) => a - b);
  return times[Math.ceil(times.length * 0.99) - 1] ?? Number.NaN;
}

let logins = 0;

async function measureWithLogins(): Promise<number> {
  const over = new AbortController();
  const clients = Array.from({ length: LOGINS_IN_FLIGHT }, async () => {
    while (!over.signal.aborted) {
      await logIn(server.url);
      logins += 1;
    }
  });
  // The first ones are under way.
  await Bun.sleep(100);
  const p99Ms = await measureP99Ms();
  over.abort();
  await Promise.all(clients);
  return p99Ms;
}

const results = await alternate({ idle: measureP99Ms, loaded: measureWithLogins }, ROUNDS);
const [idle = [], loaded = []] = [results["idle"], results["loaded"]];
reportRatio(
  `GET /me with ${LOGINS_IN_FLIGHT} logins in flight, p99 / idle p99`,
  medianRatio(loaded, idle),
  { atMost: 3 },
  `${formatNumber(median(loaded))} ms against ${formatNumber(median(idle))} ms, ${logins} logins`,
);
