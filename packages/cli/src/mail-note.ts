import type { CommandContext } from "./command-context.ts";

/** Tells the user where the mail went that a request caused, where that is not the usual way. */
export function noteMail(context: CommandContext, mail: "sent" | "file" | null): void {
  if (mail === "file") {
    context.note("the server has no SMTP: the mail lies as a file in its mail folder");
  }
}
