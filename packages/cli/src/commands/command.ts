import type { CommandError } from "../command-error.ts";
import type { ExitCode } from "../exit-codes.ts";
import type { Style } from "../output/style.ts";
import type { CommandContext } from "../command-context.ts";

/** What a shell offers in a place; `user-tokens` are those of the user whom the line names. */
export type Completion = "profiles" | "tokens" | "user-tokens" | "files" | readonly string[];

/** A word that a command takes. */
export interface Argument {
  readonly summary: string;
  readonly optional?: true;
  /** Takes all that follow. */
  readonly variadic?: true;
  readonly choices?: readonly string[];
  readonly complete?: Completion;
}

/** An option of a command. Without `value` it is a switch. */
export interface Option {
  readonly summary: string;
  readonly short?: string;
  /** Another long name, without dashes. */
  readonly alias?: string;
  /** The placeholder of its value, in capitals. */
  readonly value?: string;
  readonly choices?: readonly string[];
  readonly complete?: Completion;
}

type Arguments = Readonly<Record<string, Argument>>;
/** By name in camelCase: `purgeTokens` is `--purge-tokens`. */
export type Options = Readonly<Record<string, Option>>;

/** The values of the arguments. */
export type ArgumentValues<A extends Arguments> = {
  readonly [K in keyof A]: A[K] extends { variadic: true }
    ? readonly string[]
    : A[K] extends { optional: true }
      ? string | undefined
      : string;
};

/** The values of the options. */
export type OptionValues<O extends Options> = {
  readonly [K in keyof O]: O[K] extends { choices: readonly (infer C)[] }
    ? C | undefined
    : O[K] extends { value: string }
      ? string | undefined
      : boolean;
};

/** What a command answers: one JSON document, and the same for people. */
export interface Result {
  readonly json: unknown;
  readonly text: string | ((style: Style) => string);
  /** The JSON document as it came, where it must not be written anew. */
  readonly jsonText?: string;
  /** What to do where the answer cannot be written, and nobody can ask for it again. */
  readonly ifLost?: string;
  /** The answer is complete, and bad news: this is said on stderr, and gives the exit code. */
  readonly failure?: CommandError;
}

/** An invocation of `conch` and what it does. */
export interface Example {
  /** Without `conch` in front. */
  readonly line: string;
  readonly says: string;
}

/**
 * A command as data and a plain function. Its path, aliases and summary are in the index, so that
 * neither help of a group nor finding a command loads it.
 */
export interface Command<A extends Arguments = Arguments, O extends Options = Options> {
  readonly description?: string;
  /** In the order in which they stand, those within the path included. */
  readonly arguments?: A;
  readonly options?: O;
  readonly examples: readonly Example[];
  /** Those that it can end with beyond 0, 1 and 2. */
  readonly exitCodes: readonly ExitCode[];
  /** The environment variables that it reads. */
  readonly environment: readonly string[];
  run(
    input: { readonly args: ArgumentValues<A>; readonly options: OptionValues<O> },
    context: CommandContext,
  ): Promise<Result> | Result;
}

/** Any command, as the frame sees it. */
export interface AnyCommand extends Omit<Command, "run"> {
  run(
    input: {
      readonly args: Readonly<Record<string, unknown>>;
      readonly options: Readonly<Record<string, unknown>>;
    },
    context: CommandContext,
  ): Promise<Result> | Result;
}

/** Declares a command; infers the types of its arguments and options. */
export function defineCommand<const A extends Arguments, const O extends Options>(
  command: Command<A, O>,
): AnyCommand {
  return command as unknown as AnyCommand;
}

/** Exit codes of commands that talk to the server as the user. */
export const REQUEST_EXIT_CODES = [3, 4, 5, 6] as const satisfies readonly ExitCode[];

/** Environment variables that say which credential is used, and where. */
export const CREDENTIAL_ENVIRONMENT = [
  "CONCH_TOKEN",
  "CONCH_TOKEN_FILE",
  "CONCH_PROFILE",
  "CONCH_ENV",
  "CONCH_URL",
  "CONCH_CONFIG",
  "NO_COLOR",
] as const;

/** Environment variables of whatever talks to a server. */
export const NETWORK_ENVIRONMENT = ["HTTPS_PROXY", "NO_PROXY", "NODE_EXTRA_CA_CERTS"] as const;

/** Environment variables of commands that talk to the server as the user. */
export const REQUEST_ENVIRONMENT = [...CREDENTIAL_ENVIRONMENT, ...NETWORK_ENVIRONMENT] as const;
