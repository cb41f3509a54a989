/** Servers under test, each a process of its own. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { benchEnvironment } from "./environment.ts";
import type { RequestTemplate } from "./load.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** The Node that the peers run on. */
export const PEER_NODE = `${ROOT}bench/peers/node_modules/.bin/node`;

export interface Server extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  /** The request that the server wants; its own announcement, or what it was started for. */
  readonly request: RequestTemplate;
  /** Processor time that it used so far, all threads; `NaN` where the system does not tell. */
  cpuSeconds(): number;
  /** Memory of its own, without the files that it has mapped; `NaN` where the system does not tell. */
  memoryBytes(): number;
  stop(): Promise<void>;
}

export interface ServerCommand {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Reads the announcement from a line of output; `null` where it is another line. */
  readonly announcement: (line: string) => { port: number; request: RequestTemplate } | null;
}

/** Starts a server and waits for its announcement. */
export async function startServer(options: ServerCommand): Promise<Server> {
  const child = Bun.spawn([...options.command], {
    env: benchEnvironment(options.env),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const errors = new Response(child.stderr).text();
  const announced = await readAnnouncement(child.stdout, options.announcement);
  if (announced === null) {
    throw new Error(`${options.command.join(" ")} did not start: ${await errors}`);
  }
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await child.exited;
  };
  return {
    ...announced,
    pid: child.pid,
    cpuSeconds: () => readCpuSeconds(child.pid),
    memoryBytes: () => readMemoryBytes(child.pid),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function readAnnouncement(
  output: ReadableStream<Uint8Array>,
  parse: ServerCommand["announcement"],
): Promise<ReturnType<ServerCommand["announcement"]>> {
  const decoder = new TextDecoder();
  let text = "";
  const reader = output.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return null;
    text += decoder.decode(value, { stream: true });
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      const announced = parse(line);
      if (announced === null) continue;
      void drain(reader);
      return announced;
    }
  }
}

/** A server that logs would block on a pipe that nobody reads. */
async function drain(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  while (!(await reader.read()).done);
}

function readCpuSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return Number.NaN;
  }
}

function readMemoryBytes(pid: number): number {
  try {
    return Number(/RssAnon:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
  } catch {
    return Number.NaN;
  }
}

/** Starts a server that announces itself in one line of JSON, as the peers do. */
export function startAnnouncing(command: readonly string[]): Promise<Server> {
  return startServer({
    command,
    announcement: (line) =>
      line.startsWith("{")
        ? (JSON.parse(line) as { port: number; request: RequestTemplate })
        : null,
  });
}
