/**
 * A load generator in a process of its own: HTTP/1.1 over kept-alive connections, one request in
 * flight on each, every request built before the clock starts. What it is to do comes as JSON in
 * argument 1; what it saw goes to standard output as JSON.
 */
import { readFileSync } from "node:fs";
import type { LoadOptions, LoadResult } from "./load.ts";
import { createResponseReader } from "./response.ts";

const SAMPLES_MAX = 8_000_000;

const options = JSON.parse(process.argv[2] ?? "") as LoadOptions;

/** The requests as bytes: one for each token. */
function buildRequests(): Uint8Array[] {
  const { method, path, headers, body } = options.request;
  return readFileSync(options.tokensFile, "utf8")
    .trimEnd()
    .split("\n")
    .slice(0, options.tokens)
    .map((token) => {
      const content = body?.replace("{token}", token);
      const lines = [
        `${method} ${path} HTTP/1.1`,
        `host: 127.0.0.1:${options.port}`,
        ...Object.entries(headers).map(
          ([name, value]) => `${name}: ${value.replace("{token}", token)}`,
        ),
        ...(content === undefined ? [] : [`content-length: ${content.length}`]),
      ];
      return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${content ?? ""}`, "latin1");
    });
}

const requests = buildRequests();
const latenciesUs = new Uint32Array(SAMPLES_MAX);
const failures: Record<string, number> = {};
let next = 0;
let completed = 0;
let errors = 0;
let measuring = false;
let over = false;

function nextRequest(): Uint8Array {
  next = next + 1 >= requests.length ? 0 : next + 1;
  return requests[next]!;
}

function fail(reason: string): void {
  errors += 1;
  failures[reason] = (failures[reason] ?? 0) + 1;
}

async function connect(): Promise<void> {
  const reader = createResponseReader(options.request.expect);
  let sentAtNs = 0;
  let unsent: Uint8Array | null = null;

  function send(socket: Bun.Socket): void {
    const request = nextRequest();
    const written = socket.write(request);
    if (written < request.length) unsent = request.subarray(Math.max(written, 0));
  }

  await Bun.connect({
    hostname: "127.0.0.1",
    port: options.port,
    socket: {
      open(socket) {
        socket.setNoDelay(true);
        sentAtNs = Bun.nanoseconds();
        send(socket);
      },
      drain(socket) {
        if (unsent === null) return;
        const written = socket.write(unsent);
        unsent = written < unsent.length ? unsent.subarray(Math.max(written, 0)) : null;
      },
      data(socket, chunk) {
        const outcome = reader.read(chunk);
        if (outcome === null || over) return;
        const nowNs = Bun.nanoseconds();
        if (outcome !== "ok") fail(outcome);
        else if (measuring && completed < SAMPLES_MAX) {
          latenciesUs[completed] = (nowNs - sentAtNs) / 1_000;
          completed += 1;
        }
        sentAtNs = nowNs;
        send(socket);
      },
      close() {
        if (over) return;
        fail("the connection was closed");
        void connect();
      },
      error(_, error) {
        if (!over) fail(error.message);
      },
    },
  }).catch(async (error: unknown) => {
    fail(error instanceof Error ? error.message : String(error));
    await Bun.sleep(50);
    if (!over) await connect();
  });
}

await Promise.all(Array.from({ length: options.connections }, connect));
await Bun.sleep(options.warmupMs);
errors = 0;
for (const reason of Object.keys(failures)) delete failures[reason];
measuring = true;
const startedAtMs = performance.now();
const cpuBefore = process.cpuUsage();
await Bun.sleep(options.durationMs);
over = true;
const seconds = (performance.now() - startedAtMs) / 1_000;
const cpu = process.cpuUsage(cpuBefore);

const sorted = latenciesUs.subarray(0, completed).sort();
const percentileMs = (share: number): number =>
  (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN) / 1_000;
const result: LoadResult = {
  rate: completed / seconds,
  completed,
  errors,
  failures,
  p50Ms: percentileMs(0.5),
  p99Ms: percentileMs(0.99),
  latencyMsMax: percentileMs(1),
  generatorCpuShare: (cpu.user + cpu.system) / 1e6 / seconds,
};
console.log(JSON.stringify(result));
process.exit(0);
