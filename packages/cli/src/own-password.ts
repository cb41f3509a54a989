import { usageError } from "./command-error.ts";

/**
 * Refuses a password that is the user's own name or address: our servers do, old ones do not.
 *
 * @throws CommandError `usage`
 */
export function checkNotOwnName(password: string, names: readonly string[]): void {
  const guess = password.toLowerCase();
  const isOwn = names.some((name) => {
    const lower = name.toLowerCase();
    return lower !== "" && (guess === lower || guess === lower.split("@")[0]);
  });
  if (isOwn)
    throw usageError("the password is the user's own name or address", "choose another one");
}
