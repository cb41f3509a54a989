import { EXIT, type ExitCode } from "./exit-codes.ts";

/** An error that ends a command: what happened, to what, and what to do next. Never holds a secret. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: ExitCode;
  /** Stable, for programs. */
  readonly code: string;
  /** What to do next; `null` where there is nothing to say. */
  readonly hint: string | null;

  constructor(
    exitCode: ExitCode,
    code: string,
    message: string,
    hint: string | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.exitCode = exitCode;
    this.code = code;
    this.hint = hint;
  }
}

/** Wrong usage: nothing was done and nothing was sent. */
export function usageError(message: string, hint: string | null = null): CommandError {
  return new CommandError(EXIT.usage, "usage", message, hint);
}
