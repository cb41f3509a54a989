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
  /** Aborts where no answer can come any more: Ctrl-D, or a terminal that went away. */
  readonly ended: AbortSignal;
}

/** Makes prompts on a terminal. */
export function createPrompts(open: () => Terminal): Prompts {
  const optionsFor = (message: string, signal: AbortSignal | undefined) => {
    const { input, output, ended } = open();
    return { input, output, message, signal: AbortSignal.any(signal ? [ended, signal] : [ended]) };
  };
  return {
    async confirm(message, signal) {
      const { confirm, isCancel } = await import("@clack/prompts");
      const answer = await confirm({ ...optionsFor(message, signal), initialValue: false });
      if (isCancel(answer)) throw interrupted();
      return answer;
    },
    async secret(message, signal) {
      const { password, isCancel } = await import("@clack/prompts");
      const answer = await password({ ...optionsFor(message, signal), mask: "" });
      if (isCancel(answer)) throw interrupted();
      return answer;
    },
  };
}

/** The user broke off. */
export function interrupted(): CommandError {
  return new CommandError(EXIT.interrupted, "interrupted", "interrupted");
}
