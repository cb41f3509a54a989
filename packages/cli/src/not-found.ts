import { ClientError } from "@conch/client/errors";
import { CommandError } from "./command-error.ts";
import { EXIT } from "./exit-codes.ts";

/** Says of a 404 what it was that does not exist. */
export async function orNotFound<T>(work: Promise<T>, message: string, hint: string): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof ClientError) || error.fault.kind !== "not_found") throw error;
    throw new CommandError(EXIT.notFound, "not_found", message, hint, { cause: error });
  }
}
