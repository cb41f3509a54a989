/** A shell that lives as long as a session, so that `cd` and `export` last as they do for people. */
import { join } from "node:path";
import { mkdir, readFile, writeFile } from "node:fs/promises";

/** What one command did. */
export interface CommandResult {
  readonly exitCode: number;
  /** With both streams together, in the order of writing, where the shell merges them. */
  readonly stdout: string;
  readonly stderr: string;
}

/** A running shell. */
export interface Shell {
  /** Runs one command. @throws Error when it takes over 60 s or ends the shell. */
  run(command: string): Promise<CommandResult>;
  /** The value of a shell variable. */
  variable(name: string): Promise<string>;
  /** Ends the shell and whatever it started. */
  close(): Promise<void>;
}

const COMMAND_TIMEOUT_MS = 60_000;
const PRELUDE = join(import.meta.dir, "prelude.bash");

/**
 * Starts a shell.
 *
 * @param work a folder of the harness's own, for output and logs.
 * @param merge both output streams into one, as a terminal does.
 */
export async function startShell(options: {
  readonly work: string;
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  readonly merge: boolean;
}): Promise<Shell> {
  const { work } = options;
  await mkdir(work, { recursive: true });
  const child = Bun.spawn(["bash", "--norc", "--noprofile"], {
    cwd: options.directory,
    env: { ...options.env },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
    // A group of its own, so that nothing it started outlives the session.
    detached: true,
  });
  const answers = child.stdout.pipeThrough(new TextDecoderStream()).getReader();

  /** Runs shell code whose own output is one line, and returns that. */
  async function ask(code: string): Promise<string> {
    await child.stdin.write(`${code}\n`);
    await child.stdin.flush();
    const deadline = setTimeout(() => killGroup("SIGKILL"), COMMAND_TIMEOUT_MS);
    try {
      let text = "";
      while (!text.endsWith("\n")) {
        const { done, value } = await answers.read();
        if (done) throw new Error("the command ended the shell, or took over 60 s");
        text += value;
      }
      return text.slice(0, -1);
    } finally {
      clearTimeout(deadline);
    }
  }

  /** Signals the shell and all that it started; `false` where nothing of it is left. */
  function killGroup(signal: "SIGTERM" | "SIGKILL"): boolean {
    try {
      return process.kill(-child.pid, signal);
    } catch {
      return false;
    }
  }

  const killAtExit = () => killGroup("SIGKILL");
  process.once("exit", killAtExit);

  const quoted = (path: string) => `'${path.replaceAll("'", "'\\''")}'`;
  await ask(
    [
      `__work=${quoted(work)} __harness=${quoted(import.meta.dir)}`,
      `__bun=${quoted(process.execPath)}; . ${quoted(PRELUDE)}; echo ready`,
    ].join(" "),
  );
  const [script, out, err] = [join(work, "command"), join(work, "stdout"), join(work, "stderr")];
  const streams = options.merge ? `>${quoted(out)} 2>&1` : `>${quoted(out)} 2>${quoted(err)}`;

  return {
    async run(command) {
      await writeFile(script, `${command}\n`);
      await writeFile(err, "");
      const exitCode = Number(await ask(`. ${quoted(script)} ${streams} </dev/null; echo $?`));
      return {
        exitCode,
        stdout: await readFile(out, "utf8"),
        stderr: await readFile(err, "utf8"),
      };
    },
    variable: (name) => ask(`echo "$${name}"`),
    async close() {
      // The shell waits for its own children: an orphan can stay a zombie for seconds.
      try {
        await child.stdin.write("kill -KILL $(jobs -p) 2>/dev/null; wait 2>/dev/null; exit\n");
        await child.stdin.end();
      } catch {
        // The shell is gone already.
      }
      const deadline = setTimeout(() => killGroup("SIGKILL"), 5000);
      await child.exited;
      clearTimeout(deadline);
      while (killGroup("SIGKILL")) await Bun.sleep(2);
      process.off("exit", killAtExit);
    },
  };
}
