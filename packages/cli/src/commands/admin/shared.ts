import { REQUEST_ENVIRONMENT, REQUEST_EXIT_CODES } from "../command.ts";

/** The argument that names a user. */
export const USER_ARGUMENT = { summary: "a user: UUID or e-mail address" } as const;

/** What all commands for administrators have in common. */
export const ADMIN_COMMAND = {
  exitCodes: REQUEST_EXIT_CODES,
  environment: REQUEST_ENVIRONMENT,
} as const;

/** Says of a 404 that it was the user. */
export function noSuchUser(user: string): [message: string, hint: string] {
  return [`there is no active user ${user}`, "conch admin users lists them"];
}
