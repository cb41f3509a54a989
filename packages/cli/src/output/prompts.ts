import type { Readable, Writable } from "node:stream";
import { CommandError } from "../command-error.ts";
import { EXIT } from "../exit-codes.ts";

/** Questions on a terminal. All reject with an interruption where the user, or the signal, breaks off. */
export interface Prompts {
  confirm(question: string, signal?: AbortSignal): Promise<boolean>;
  /** What is typed is not shown. */
  secret(question: string, signal?: AbortSignal): Promise<string>;
}

/** What prompts are made on; only asked for when there is a question. */
export interface Terminal {
  readonly input: Readable;
  readonly output: Writable;
}

/** Makes prompts on a terminal. */
export function createPrompts(open: () => Terminal): Prompts {
  /** The next line that is typed. */
  async function ask(question: string, isShown: boolean, signal?: AbortSignal): Promise<string> {
    const [readline, streams] = await Promise.all([import("node:readline"), import("node:stream")]);
    const { input, output } = open();
    // Where it is shown, the terminal does all by itself. Else keys come one by one, and are edited here.
    const lines = readline.createInterface(
      isShown ? { input } : { input, output: new streams.PassThrough(), terminal: true },
    );
    // Not before the keys are no longer shown.
    output.write(question);
    let isAnswered = false;
    try {
      return await new Promise((resolve, reject) => {
        const breakOff = () => reject(interrupted());
        lines.once("line", (line) => {
          isAnswered = true;
          resolve(line);
        });
        lines.once("close", breakOff).once("SIGINT", breakOff);
        signal?.addEventListener("abort", breakOff);
      });
    } finally {
      lines.close();
      if (!isShown || !isAnswered) output.write("\n");
    }
  }

  return {
    async confirm(question, signal) {
      const answer = await ask(`${question} [y/N] `, true, signal);
      return /^\s*y(es)?\s*$/iu.test(answer);
    },
    secret: (question, signal) => ask(`${question}: `, false, signal),
  };
}

/** The user broke off. */
export function interrupted(): CommandError {
  return new CommandError(EXIT.interrupted, "interrupted", "interrupted");
}
