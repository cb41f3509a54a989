import type { Readable, Writable } from "node:stream";
import { CommandError } from "../command-error.ts";
import { EXIT } from "../exit-codes.ts";

/** Questions on a terminal. All reject with an interruption where the user breaks off. */
export interface Prompts {
  confirm(question: string): Promise<boolean>;
  /** What is typed is not shown. */
  secret(question: string): Promise<string>;
}

/** Makes prompts on the given streams, which are only asked for when there is a question. */
export function createPrompts(
  streams: () => { readonly input: Readable; readonly output: Writable },
): Prompts {
  return {
    async confirm(message) {
      const { confirm, isCancel } = await import("@clack/prompts");
      const answer = await confirm({ ...streams(), message, initialValue: false });
      if (isCancel(answer)) throw interrupted();
      return answer;
    },
    async secret(message) {
      const { password, isCancel } = await import("@clack/prompts");
      const answer = await password({ ...streams(), message, mask: "" });
      if (isCancel(answer)) throw interrupted();
      return answer;
    },
  };
}

/** The user broke off. */
export function interrupted(): CommandError {
  return new CommandError(EXIT.interrupted, "interrupted", "interrupted");
}
