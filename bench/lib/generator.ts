/**
 * A load generator in a process of its own: HTTP/1.1 over kept-alive connections, one request in
 * flight on each, every request built before the clock starts. Each line of standard input is a
 * round, as JSON; what was seen of it goes to standard output.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { LoadOptions, LoadResult } from "./load.ts";
import { createResponseReader } from "./response.ts";

const SAMPLES_MAX = 8_000_000;

const latenciesUs = new Uint32Array(SAMPLES_MAX);
const requestsMade = new Map<string, readonly Uint8Array[]>();

/** The requests of a round as bytes, one for each token. */
function requestsOf(options: LoadOptions): readonly Uint8Array[] {
  const key = JSON.stringify([options.port, options.request, options.tokensFile, options.tokens]);
  const made = requestsMade.get(key) ?? buildRequests(options);
  requestsMade.set(key, made);
  return made;
}

function buildRequests({ port, request, tokensFile, tokens }: LoadOptions): Uint8Array[] {
  const { method, path, headers, body } = request;
  const lines = readFileSync(tokensFile, "utf8").trimEnd().split("\n").slice(0, tokens);
  return lines.map((token) => {
    const content = body?.replace("{token}", token);
    const head = [
      `${method} ${path} HTTP/1.1`,
      `host: 127.0.0.1:${port}`,
      ...Object.entries(headers).map(
        ([name, value]) => `${name}: ${value.replace("{token}", token)}`,
      ),
      ...(content === undefined ? [] : [`content-length: ${content.length}`]),
    ];
    return Buffer.from(`${head.join("\r\n")}\r\n\r\n${content ?? ""}`, "latin1");
  });
}

/** Where the tokens of a request template go on from round to round. */
const positions = new Map<readonly Uint8Array[], number>();

async function run(options: LoadOptions): Promise<LoadResult> {
  const requests = requestsOf(options);
  const failures: Record<string, number> = {};
  const sockets = new Set<Bun.Socket<unknown>>();
  let next = positions.get(requests) ?? 0;
  let completed = 0;
  let errors = 0;
  let isMeasuring = false;
  let isOver = false;

  function fail(reason: string): void {
    if (!isMeasuring) return;
    errors += 1;
    failures[reason] = (failures[reason] ?? 0) + 1;
  }

  function createHandler(): Bun.SocketHandler {
    const reader = createResponseReader(options.request.expect);
    let sentAtNs = 0;
    let unsent: Uint8Array | null = null;

    function write(socket: Bun.Socket<unknown>, bytes: Uint8Array): void {
      const written = Math.max(socket.write(bytes), 0);
      unsent = written < bytes.length ? bytes.subarray(written) : null;
    }

    function send(socket: Bun.Socket<unknown>, nowNs: number): void {
      next = next + 1 >= requests.length ? 0 : next + 1;
      sentAtNs = nowNs;
      write(socket, requests[next]!);
    }

    return {
      open(socket) {
        sockets.add(socket);
        socket.setNoDelay(true);
        send(socket, Bun.nanoseconds());
      },
      drain(socket) {
        if (unsent !== null) write(socket, unsent);
      },
      data(socket, chunk) {
        const outcome = reader.read(chunk);
        if (outcome === null || isOver) return;
        const nowNs = Bun.nanoseconds();
        if (outcome !== "ok") fail(outcome);
        else if (isMeasuring && completed < SAMPLES_MAX) {
          latenciesUs[completed] = (nowNs - sentAtNs) / 1_000;
          completed += 1;
        }
        send(socket, nowNs);
      },
      close(socket) {
        sockets.delete(socket);
        if (isOver) return;
        fail("the connection was closed");
        void connect();
      },
      error(_, error) {
        fail(error.message);
      },
    };
  }

  async function connect(): Promise<void> {
    try {
      await Bun.connect({
        hostname: "127.0.0.1",
        port: options.port,
        socket: createHandler(),
      });
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error));
      await Bun.sleep(50);
      if (!isOver) await connect();
    }
  }

  await Promise.all(Array.from({ length: options.connections }, connect));
  await Bun.sleep(options.warmupMs);
  isMeasuring = true;
  const startedAtMs = performance.now();
  const cpuBefore = process.cpuUsage();
  await Bun.sleep(options.durationMs);
  isOver = true;
  const seconds = (performance.now() - startedAtMs) / 1_000;
  const cpu = process.cpuUsage(cpuBefore);
  for (const socket of sockets) socket.end();
  positions.set(requests, next);
  return {
    rate: completed / seconds,
    completed,
    errors,
    failures,
    ...latenciesOf(latenciesUs.subarray(0, completed)),
    generatorCpuShare: (cpu.user + cpu.system) / 1e6 / seconds,
  };
}

function latenciesOf(samplesUs: Uint32Array): Pick<LoadResult, "p50Ms" | "p99Ms" | "latencyMsMax"> {
  const sorted = samplesUs.sort();
  const percentileMs = (share: number): number =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN) / 1_000;
  return { p50Ms: percentileMs(0.5), p99Ms: percentileMs(0.99), latencyMsMax: percentileMs(1) };
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await run(JSON.parse(line) as LoadOptions)));
}
