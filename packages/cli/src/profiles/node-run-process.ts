import { spawn } from "node:child_process";

import type { ProcessResult, RunProcess } from "./credential-process.ts";

/** @param env the client's own environment, which the command inherits */
export function createNodeRunProcess(
  env: Readonly<Record<string, string | undefined>>,
): RunProcess {
  return ({ command, timeoutMs, stdoutBytesMax, env: added }) => {
    const { promise, resolve } = Promise.withResolvers<ProcessResult>();
    const [program = "", ...args] = command;
    const child = spawn(program, args, {
      env: { ...env, ...added },
      stdio: ["ignore", "pipe", "inherit"],
      windowsHide: true,
    });

    /** Ends it at once; the pipe too, which a grandchild may hold open. */
    function end(result: ProcessResult): void {
      child.kill("SIGKILL");
      child.stdout.destroy();
      resolve(result);
    }

    const timeout = AbortSignal.timeout(timeoutMs);
    timeout.addEventListener("abort", () => end({ kind: "timed-out" }));
    const chunks: Buffer[] = [];
    let length = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > stdoutBytesMax) end({ kind: "too-much-output" });
    });
    child.on("error", (error) => resolve({ kind: "not-started", error }));
    child.on("close", (exitCode, signal) => {
      if (exitCode === null) return resolve({ kind: "killed", signal: signal ?? "a signal" });
      resolve({ kind: "exited", exitCode, stdout: Buffer.concat(chunks).toString("utf8") });
    });
    return promise;
  };
}
