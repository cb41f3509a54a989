/** Runs the load generator. */
import { fileURLToPath } from "node:url";
import { startWorker, type Worker } from "./worker.ts";

/** A request, with `{token}` where each of the tokens goes. */
export interface RequestTemplate {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** A text that every answer must hold. */
  readonly expect?: string;
}

/** One round. */
export interface LoadOptions {
  readonly port: number;
  readonly request: RequestTemplate;
  /** One token a line. */
  readonly tokensFile: string;
  /** How many of them to use. */
  readonly tokens: number;
  readonly connections: number;
  readonly warmupMs: number;
  readonly durationMs: number;
}

/** What the generator saw in a round. */
export interface LoadResult {
  /** Good answers a second. */
  readonly rate: number;
  readonly completed: number;
  /** Answers other than 200, and connections that broke. */
  readonly errors: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly latencyMsMax: number;
  /** Processor time of the generator; near 1 it is what limits the rate. */
  readonly generatorCpuShare: number;
}

/** Starts a load generator. */
export function startLoadGenerator(): Promise<Worker<LoadOptions, LoadResult>> {
  const generator = fileURLToPath(new URL("generator.ts", import.meta.url));
  return startWorker([process.execPath, generator], { announces: false });
}
