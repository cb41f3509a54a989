import type { Context } from "./context.ts";
import type { GlobalValues } from "./commands/global-options.ts";
import type { IndexEntry } from "./commands/registry.ts";
import { usageError } from "./command-error.ts";
import { createMasker, type Masker } from "./profiles/mask.ts";
import { interrupted } from "./output/prompts.ts";
import { createProgress } from "./output/progress.ts";
import { createStyle, printableLines, type Style } from "./output/style.ts";

/** What a command is run with: the process, the global options, and how to speak to the user. */
export interface CommandContext extends Context {
  readonly globals: GlobalValues;
  readonly commands: readonly IndexEntry[];
  readonly style: Style;
  /** Somebody can be asked: stdin and stderr are terminals. */
  readonly isInteractive: boolean;
  /** What was noted so far. */
  readonly notes: readonly string[];
  /** Tells the user something beside the answer. With `--json` it is only shown beside an error. */
  note(text: string): void;
  /** Knows the secrets of this command; whatever is not the answer goes through it. */
  readonly masker: Masker;
  /** Shows a diagnostic on stderr, masked, after those before it. */
  diagnose(text: () => Promise<string>): void;
  /** Resolves when all diagnostics are shown, and what was shown of a wait is gone. */
  diagnosed(): Promise<void>;
  /** Runs what must not be left half done: an interruption takes effect after it. */
  unbroken<T>(work: () => Promise<T>): Promise<T>;
  /** Rejects when the user interrupts, or at the end of `unbroken`. */
  readonly interruption: Promise<never>;
  /** Shows that a long wait goes on, where somebody watches. */
  waiting<T>(text: string, work: Promise<T>): Promise<T>;
}

/** Whether colours are wanted: on a terminal, unless `--no-color`, `NO_COLOR` or a dumb terminal. */
function wantsColor(context: Context, globals: GlobalValues): boolean {
  const { NO_COLOR: noColor, TERM: terminal } = context.env;
  const isUnwanted = globals.noColor || (noColor ?? "") !== "" || terminal === "dumb";
  return !globals.json && !isUnwanted && context.stdout.isTerminal;
}

/** Whether a wait may be shown: on a terminal that can take it away again, and beside nothing else. */
function wantsProgress(context: Context, { json, debug, trace }: GlobalValues): boolean {
  const { TERM: terminal } = context.env;
  return context.stderr.isTerminal && terminal !== "dumb" && !json && !debug && !trace;
}

/** Makes the context of one command. */
export function createCommandContext(
  context: Context,
  globals: GlobalValues,
  commands: readonly IndexEntry[],
): CommandContext {
  const notes: string[] = [];
  let diagnostics = Promise.resolve();
  const progress = createProgress(context, { isWanted: () => wantsProgress(context, globals) });
  const masker = createMasker();
  function diagnose(text: () => Promise<string>): void {
    diagnostics = showAfter(diagnostics, text);
  }
  async function showAfter(before: Promise<void>, text: () => Promise<string>): Promise<void> {
    await before;
    const line = await text();
    progress.clear();
    context.stderr.writeLine(line);
  }
  let unbrokenDepth = 0;
  let isInterrupted = false;
  let breakOff: (error: Error) => void = () => undefined;
  const interruption = new Promise<never>((_, reject) => (breakOff = reject));
  interruption.catch(() => undefined);
  function interrupt(): void {
    isInterrupted = true;
    if (unbrokenDepth === 0) breakOff(interrupted());
  }
  context.onInterrupt(interrupt);
  /** Notes come before the question, and what breaks off the command closes the prompt. */
  async function asking<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    await diagnostics;
    const brokenOff = new AbortController();
    const stop = context.onInterrupt(() => brokenOff.abort());
    try {
      return await ask(brokenOff.signal);
    } finally {
      stop();
    }
  }
  return {
    ...context,
    globals,
    commands,
    style: createStyle({
      color: wantsColor(context, globals),
      widthOf: context.widthOf,
      columns: () => context.stdout.columns,
      nowMs: context.nowMs(),
    }),
    get isInteractive() {
      return context.stdin.isTerminal && context.stderr.isTerminal;
    },
    notes,
    note(text) {
      // What is looked at twice is told once.
      if (notes.includes(text)) return;
      notes.push(text);
      // Masked: what a server says may be in it.
      if (!globals.json) diagnose(async () => `note: ${printableLines(await masker.text(text))}`);
    },
    masker,
    diagnose,
    async diagnosed() {
      await diagnostics;
      progress.end();
    },
    prompts: {
      confirm: (question) => asking((signal) => context.prompts.confirm(question, signal)),
      secret: (question) => asking((signal) => context.prompts.secret(question, signal)),
    },
    interruption,
    async unbroken(work) {
      unbrokenDepth += 1;
      const stop = context.onHangUp(interrupt);
      try {
        return await work();
      } finally {
        stop();
        unbrokenDepth -= 1;
        if (isInterrupted && unbrokenDepth === 0) breakOff(interrupted());
      }
    },
    waiting: progress.during,
  };
}

/** `--timeout` in milliseconds; `undefined` where it is not given. @throws CommandError `usage` */
export function timeoutMsOf({ timeout }: GlobalValues): number | undefined {
  if (timeout === undefined) return undefined;
  const seconds = Number(timeout);
  if (/^\d+(\.\d+)?$/u.test(timeout) && seconds > 0 && seconds <= 86_400) return seconds * 1000;
  throw usageError(`--timeout "${timeout}" is not a number of seconds, above 0 and up to 86400`);
}
