/** Servers against each other: alternating rounds of the same load. */
import { startLoadGenerator, type LoadResult } from "./load.ts";
import { ROUNDS, SECONDS } from "./options.ts";
import { formatNumber } from "./report.ts";
import { alternate, median, medianRatio } from "./rounds.ts";
import type { Server } from "./server.ts";

const WARM_UP_MS = 200;

/** A server with the tokens that it is asked about. */
export interface Contender {
  readonly server: Server;
  readonly tokensFile: string;
  readonly tokens: number;
  readonly connections?: number;
  /** Has each token asked about once before anything is measured. */
  readonly isWarmedUp?: boolean;
}

/** What one contender did in one round. */
export interface Round extends LoadResult {
  /** Processor time of the server for each good answer: little touched by what else runs. */
  readonly cpuUs: number;
}

/** Runs the contest, and fails where an answer was not the expected one. */
export async function contest(
  contenders: Readonly<Record<string, Contender>>,
  settings: { readonly rounds?: number; readonly seconds?: number } = {},
): Promise<Contest> {
  const seconds = settings.seconds ?? SECONDS;
  await using generator = await startLoadGenerator();

  async function run(contender: Contender): Promise<Round> {
    const { server, tokensFile, tokens, connections = 64 } = contender;
    const durationMs = seconds * 1_000;
    const cpuBefore = server.cpuSeconds();
    const result = await generator.ask({
      port: server.port,
      request: server.request,
      tokensFile,
      tokens,
      connections,
      warmupMs: WARM_UP_MS,
      durationMs,
    });
    const share = durationMs / (durationMs + WARM_UP_MS);
    return {
      ...result,
      cpuUs: ((server.cpuSeconds() - cpuBefore) * share * 1e6) / result.completed,
    };
  }

  for (const contender of Object.values(contenders)) {
    for (let done = 0; contender.isWarmedUp === true && done < contender.tokens;) {
      done += (await run(contender)).completed;
    }
  }
  const rounds = await alternate(
    Object.fromEntries(
      Object.entries(contenders).map(([name, contender]) => [name, () => run(contender)]),
    ),
    settings.rounds ?? ROUNDS,
  );
  for (const [name, results] of Object.entries(rounds)) {
    const failures = results.flatMap((result) => Object.keys(result.failures));
    if (failures.length > 0) throw new Error(`${name}: ${[...new Set(failures)].join(", ")}`);
  }
  return createContest(rounds);
}

type Measure = "rate" | "p50Ms" | "p99Ms" | "cpuUs" | "generatorCpuShare";

/** What came of a contest. */
export interface Contest {
  /** The median over the rounds. */
  of(name: string, measure: Measure): number;
  /** The median of the ratios within the rounds. */
  ratio(over: string, under: string, measure: Measure): number;
  /** A contender's medians in words. */
  describe(name: string): string;
}

function createContest(rounds: Readonly<Record<string, readonly Round[]>>): Contest {
  const series = (name: string, measure: Measure): number[] =>
    (rounds[name] ?? []).map((round) => round[measure]);
  const of = (name: string, measure: Measure): number => median(series(name, measure));
  return {
    of,
    ratio: (over, under, measure) => medianRatio(series(over, measure), series(under, measure)),
    describe: (name) =>
      `${name} ${formatNumber(of(name, "rate"))}/s, p50 ${formatNumber(of(name, "p50Ms"))} ms, ` +
      `p99 ${formatNumber(of(name, "p99Ms"))} ms, ${formatNumber(of(name, "cpuUs"))} µs of CPU each`,
  };
}
