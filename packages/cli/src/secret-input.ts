import type { CommandContext } from "./command-context.ts";
import { usageError } from "./command-error.ts";

/** A secret that a command needs, and the ways in which a user can give it. */
export interface SecretQuestion {
  /** `--password` */
  readonly flag: string;
  /** What was given with the flag; `-` is one line of stdin. */
  readonly given: string | undefined;
  readonly prompt: string;
  /** Asked twice: nobody sees what they type. */
  readonly isNew?: boolean;
}

/**
 * Gets a secret: from the flag, from stdin, or by asking without echo. `null` where it was not given
 * and nobody can be asked.
 *
 * @throws CommandError `usage` where it is empty, or the two answers differ
 */
export async function readSecret(
  context: CommandContext,
  { flag, given, prompt, isNew = false }: SecretQuestion,
): Promise<string | null> {
  let secret = given;
  if (given === "-") secret = (await context.stdin.readLine()) ?? "";
  if (given === undefined) {
    if (!context.isInteractive) return null;
    secret = await context.prompts.secret(prompt);
    const again = isNew ? await context.prompts.secret(`${prompt}, once more`) : secret;
    if (again !== secret)
      throw usageError("the two passwords differ", "nothing was changed; try again");
  }
  if (secret === undefined || secret === "") throw usageError(`${flag} gave nothing`);
  context.masker.remember(secret);
  return secret;
}

/** The same where there is no going on without it. @throws CommandError `usage` */
export async function requireSecret(
  context: CommandContext,
  question: SecretQuestion,
): Promise<string> {
  const secret = await readSecret(context, question);
  if (secret !== null) return secret;
  const { flag, prompt } = question;
  throw usageError(
    `${flag} is missing (${prompt}), and there is no terminal to ask on`,
    `give it as one line on stdin: ${flag.startsWith("-") ? `${flag} -` : `- in place of ${flag}`}`,
  );
}
