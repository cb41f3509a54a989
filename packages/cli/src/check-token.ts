import { ClientError } from "@conch/client/errors";
import { checkCredential } from "@conch/contract/session";
import type { CommandContext } from "./command-context.ts";
import { CommandError } from "./command-error.ts";
import { clientFor } from "./connect.ts";
import { EXIT } from "./exit-codes.ts";

/**
 * Asks the server whether it accepts a token. One that may only do part of what its user may is
 * accepted, too.
 *
 * @throws CommandError where it does not
 */
export async function checkToken(
  context: CommandContext,
  url: string,
  token: string,
): Promise<void> {
  try {
    await clientFor(context, url, { kind: "token", token }).call(checkCredential, {});
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    const { fault } = error;
    if (fault.kind === "forbidden" && fault.code === "insufficient_rights") return;
    if (fault.kind !== "unauthorized") throw error;
    throw new CommandError(
      EXIT.credential,
      fault.code ?? "unauthorized",
      `the server ${url} does not accept this token; nothing was stored`,
      "is it whole, is it of this server, is it still alive? conch user tokens lists live ones",
      { cause: error },
    );
  }
}
