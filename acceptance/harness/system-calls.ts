/** What a process and its children start and write, as the kernel sees it: `strace`, where it works. */
import { readFileSync } from "node:fs";

const CALLS = "execve,execveat,open,openat,openat2,creat";

/** A command that leaves a trace of the command in a file. */
export function traced(command: readonly string[], tracePath: string): string[] {
  // All text in hex, and whole: no escape has to be understood.
  const options = ["-f", "-qq", "-xx", "-s", "1000000", "--seccomp-bpf", "-e", `trace=${CALLS}`];
  return ["strace", ...options, "-o", tracePath, ...command];
}

/** Whether tracing works here; containers may forbid it. */
export function canTrace(): boolean {
  if (Bun.which("strace") === null) return false;
  const { success } = Bun.spawnSync(traced(["true"], "/dev/null"), {
    stdout: "ignore",
    stderr: "ignore",
  });
  return success;
}

/** What was traced. */
export interface Trace {
  /** Programs, the command itself first. */
  readonly started: readonly { readonly program: string; readonly args: readonly string[] }[];
  /** Files, by the paths as given; those that do not exist, too. */
  readonly opened: readonly { readonly path: string; readonly isForWriting: boolean }[];
}

/** Reads a trace; calls that failed count too, for the attempt. */
export function readTrace(tracePath: string): Trace {
  const started: { program: string; args: string[] }[] = [];
  const opened: { path: string; isForWriting: boolean }[] = [];
  for (const line of readFileSync(tracePath, "utf8").split("\n")) {
    const [, call, rest = ""] = /^(?:\d+\s+)?(\w+)\((.*)$/u.exec(line) ?? [];
    if (call === undefined) continue;
    const texts = [...rest.matchAll(/"((?:\\x[0-9a-f]{2})*)"/gu)].map(([, hex = ""]) =>
      Buffer.from(hex.replaceAll("\\x", ""), "hex").toString("utf8"),
    );
    const [first = "", ...others] = texts;
    if (call.startsWith("execve")) started.push({ program: first, args: others });
    else {
      const isForWriting = call === "creat" || /O_(?:WRONLY|RDWR|CREAT)/u.test(rest);
      opened.push({ path: first, isForWriting });
    }
  }
  return { started, opened };
}
