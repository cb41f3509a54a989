/** A process that is asked in lines of JSON and answers each with one. */
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import { benchEnvironment } from "./environment.ts";

export interface Worker<Question, Answer> extends AsyncDisposable {
  readonly pid: number;
  /** One question at a time. */
  ask(question: Question): Promise<Answer>;
}

/**
 * Starts a worker.
 *
 * @param options `announces`: it says something, which is dropped, when it is ready.
 * @throws Error where it ends instead of answering; what it wrote to standard error was passed on.
 */
export async function startWorker<Question, Answer>(
  command: readonly string[],
  options: { readonly announces: boolean },
): Promise<Worker<Question, Answer>> {
  const child = Bun.spawn([...command], {
    env: benchEnvironment(),
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const input = Readable.fromWeb(child.stdout as unknown as NodeReadableStream);
  const lines = createInterface({ input })[Symbol.asyncIterator]();

  async function read(): Promise<string> {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`${command.join(" ")} ended`);
    return value;
  }

  if (options.announces) await read();
  return {
    pid: child.pid,
    async ask(question) {
      void child.stdin.write(`${JSON.stringify(question)}\n`);
      void child.stdin.flush();
      return JSON.parse(await read()) as Answer;
    },
    async [Symbol.asyncDispose]() {
      void child.stdin.end();
      child.kill();
      await child.exited;
    },
  };
}
