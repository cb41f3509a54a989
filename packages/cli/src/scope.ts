import type { CommandContext } from "./command-context.ts";
import { CommandError, usageError } from "./command-error.ts";
import { EXIT } from "./exit-codes.ts";

/** What a revocation takes away. */
export type Scope = "all" | "tokens" | "logins";

/** The options that choose it. */
export const SCOPE_OPTIONS = {
  tokensOnly: { summary: "only API tokens" },
  authOnly: { summary: "only login sessions" },
  all: { summary: "both (the default)" },
  force: { summary: "do not ask" },
} as const;

/** @throws CommandError `usage` where more than one is given */
export function scopeOf(options: {
  readonly tokensOnly: boolean;
  readonly authOnly: boolean;
  readonly all: boolean;
}): Scope {
  const given = [options.tokensOnly, options.authOnly, options.all].filter(Boolean);
  if (given.length > 1) {
    throw usageError("--tokens-only, --auth-only and --all exclude each other");
  }
  if (options.tokensOnly) return "tokens";
  return options.authOnly ? "logins" : "all";
}

/** What the scope is on the wire. */
export function scopeQuery(scope: Scope): { api_only?: "1"; login_only?: "1" } {
  if (scope === "tokens") return { api_only: "1" };
  return scope === "logins" ? { login_only: "1" } : {};
}

/** The scope in words. */
export const SCOPE_WORDS: Readonly<Record<Scope, string>> = {
  all: "API tokens and login sessions",
  tokens: "API tokens",
  logins: "login sessions",
};

/**
 * Asks before something is taken away. Where nobody can be asked, what needs an answer needs
 * `--force` instead.
 *
 * @throws CommandError `usage` where `--force` is missing, `declined` where the answer is no
 */
export async function confirmLoss(
  context: CommandContext,
  question: { readonly text: string; readonly force: boolean; readonly needsForce: boolean },
): Promise<void> {
  if (question.force) return;
  if (context.isInteractive) {
    if (await context.prompts.confirm(question.text)) return;
    throw new CommandError(EXIT.failed, "declined", "nothing was done");
  }
  if (question.needsForce) {
    throw usageError(
      `--force is missing, and there is no terminal to ask on: ${question.text}`,
      "nothing was done; add --force where that is what you want",
    );
  }
}
