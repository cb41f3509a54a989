import { tokenNameFault } from "@conch/contract/token";
import { usageError } from "./command-error.ts";
import { printable } from "./output/style.ts";

/**
 * Refuses a text that no token can have as its name, before anything is sent.
 *
 * @throws CommandError `usage`
 */
export function checkTokenName(name: string): string {
  const fault = tokenNameFault(name);
  if (fault === null) return name;
  throw usageError(`"${printable(name)}" is not the name of a token: it ${fault}`);
}
