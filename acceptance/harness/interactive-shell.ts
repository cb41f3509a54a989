/** A shell as a person has it: on a terminal, with keys pressed one after the other. */

/** One that waits for keys. */
export interface InteractiveShell extends AsyncDisposable {
  readonly pid: number;
  /** Types; `\t` is the Tab key, `\r` is Return. */
  press(keys: string): void;
  /** Resolves with all that was shown since the last call, when the text appears in it. */
  until(text: string): Promise<string>;
  /** All that was ever shown. */
  shown(): string;
}

const GIVE_UP_MS = 30_000;

/** Starts a program on a terminal of its own. */
export function openOnTerminal(
  command: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): InteractiveShell {
  const decoder = new TextDecoder();
  let all = "";
  let seen = 0;
  let arrived = () => {};
  const child = Bun.spawn([...command], {
    cwd: options.cwd,
    env: options.env,
    terminal: {
      cols: 120,
      rows: 40,
      data(_, bytes) {
        all += decoder.decode(bytes, { stream: true });
        arrived();
      },
    },
  });
  return {
    pid: child.pid,
    press: (keys) => void child.terminal?.write(keys),
    shown: () => all,
    async until(text) {
      const giveUp = AbortSignal.timeout(GIVE_UP_MS);
      for (;;) {
        const at = all.indexOf(text, seen);
        if (at !== -1) {
          const shown = all.slice(seen, at);
          seen = at + text.length;
          return shown;
        }
        if (giveUp.aborted) throw new Error(`never shown: ${text}\n${JSON.stringify(all)}`);
        await new Promise<void>((resolve) => {
          arrived = resolve;
          giveUp.addEventListener("abort", () => resolve(), { once: true });
        });
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
      child.terminal?.close();
    },
  };
}
