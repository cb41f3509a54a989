import { spawn } from "node:child_process";

import type { ProcessResult, RunProcess } from "./credential-process.ts";

const STDERR_LENGTH_MAX = 4096;

/**
 * @param env the client's own environment, which the command inherits
 * @param atExit calls back when the client ends, however long the command would go on
 */
export function createNodeRunProcess(
  env: Readonly<Record<string, string | undefined>>,
  atExit: (callback: () => void) => void,
): RunProcess {
  return ({ command, timeoutMs, stdoutBytesMax, onStderr, env: added }) => {
    const { promise, resolve } = Promise.withResolvers<ProcessResult>();
    const [program = "", ...args] = command;
    const child = spawn(program, args, {
      env: { ...env, ...added },
      stdio: ["ignore", "pipe", onStderr === null ? "inherit" : "pipe"],
      windowsHide: true,
    });
    atExit(() => child.kill());

    /** Ends it at once; the pipes too, which a grandchild may hold open. */
    function end(result: ProcessResult): void {
      child.kill("SIGKILL");
      child.stdout?.destroy();
      child.stderr?.destroy();
      resolve(result);
    }

    const timeout = AbortSignal.timeout(timeoutMs);
    timeout.addEventListener("abort", () => end({ kind: "timed-out" }));
    const chunks: Buffer[] = [];
    let length = 0;
    child.stdout?.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > stdoutBytesMax) end({ kind: "too-much-output" });
    });
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-STDERR_LENGTH_MAX);
    });
    child.on("error", (error) => resolve({ kind: "not-started", error }));
    child.on("close", (exitCode, signal) => {
      if (said.trim() !== "") onStderr?.(said.trim());
      if (exitCode === null) return resolve({ kind: "killed", signal: signal ?? "a signal" });
      resolve({ kind: "exited", exitCode, stdout: Buffer.concat(chunks).toString("utf8") });
    });
    return promise;
  };
}
