import { usageError } from "./command-error.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/iu;

/**
 * A user as they stand in a path of the wire: a UUID as it is, an e-mail address as `email=ADDRESS`.
 *
 * @throws CommandError `usage` where the text is neither
 */
export function userInPath(text: string): string {
  if (UUID.test(text)) return text;
  if (/^[^@\s]+@[^@\s]+$/u.test(text)) return `email=${text}`;
  throw usageError(
    `"${text}" is neither a UUID nor an e-mail address`,
    "conch admin users lists the users with both",
  );
}
