// How long a command takes from start to end, as a share of `node -e 0`.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createToken, startConchd } from "./lib/conchd.ts";
import { ROUNDS } from "./lib/options.ts";
import { formatNumber, reportRatio } from "./lib/report.ts";
import { alternate, median, medianRatio } from "./lib/rounds.ts";
import { benchEnvironment } from "./lib/environment.ts";

/** Runs of each contender in a round; the round's value is their median. */
const RUNS = 7;

await using server = await startConchd();
const token = await createToken(server.url);
const home = mkdtempSync(join(tmpdir(), "conch-start-up-"));

const environment = (extra: Record<string, string>) => benchEnvironment({ HOME: home, ...extra });
const credential = { CONCH_TOKEN: token, CONCH_ENV: "development", CONCH_URL: server.url };

/** Milliseconds that a command takes. */
function time(command: readonly string[], env: Record<string, string> = {}): () => Promise<number> {
  return async () => {
    const times: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      const start = performance.now();
      const child = Bun.spawn([...command], {
        env: environment(env),
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      });
      const exitCode = await child.exited;
      times.push(performance.now() - start);
      if (exitCode !== 0) {
        throw new Error(`${command.join(" ")}: ${await new Response(child.stderr).text()}`);
      }
    }
    return median(times);
  };
}

const { conch } = server;
await time([conch, "profile", "create", "--name", "bench", "--token", token], {
  CONCH_ENV: "development",
  CONCH_URL: server.url,
})().catch(() => undefined);

const results = await alternate(
  {
    node: time(["node", "-e", "0"]),
    version: time([conch, "--version"]),
    list: time([conch, "profile", "list"]),
    request: time([conch, "user", "tokens"], credential),
  },
  ROUNDS,
);
rmSync(home, { recursive: true });

const targets = [
  ["conch --version", "version", 0.3],
  ["conch profile list", "list", 0.4],
  ["conch user tokens (one request)", "request", 0.7],
] as const;
const nodeMs = results["node"] ?? [];
for (const [what, name, atMost] of targets) {
  const timesMs = results[name] ?? [];
  const detail = `${formatNumber(median(timesMs))} ms against ${formatNumber(median(nodeMs))} ms`;
  reportRatio(`${what} / node -e 0`, medianRatio(timesMs, nodeMs), { atMost }, detail);
}
