import { type Context, storeContext } from "../context.ts";
import { BOUND_OPTION, ConfigurationError } from "../options.ts";
import { changeBound, readBoundMs } from "../store/configuration.ts";
import { openDatabase } from "../store/open-database.ts";
import { createPause } from "./pause.ts";

/**
 * Reads the bound B, or changes it where `seconds` is given. Takes the old bound's time where rows of
 * nodes are left that were killed.
 *
 * @returns the bound that holds, in seconds.
 * @throws ConfigurationError where `seconds` is no number within the limits.
 * @throws NodesRunningError
 */
export async function bound(
  options: { readonly database: string; readonly seconds: string | undefined },
  context: Context,
): Promise<number> {
  const boundMs = options.seconds === undefined ? null : parseBound(options.seconds);
  const database = await openDatabase(options.database, {
    ...storeContext(context),
    // One that is set may be the first thing of a new installation.
    mustExist: boundMs === null,
  });
  try {
    if (boundMs !== null) await changeBound(database, boundMs, createPause(context));
    return (await readBoundMs(database.db)) / 1000;
  } finally {
    await database.close();
  }
}

function parseBound(text: string): number {
  try {
    return BOUND_OPTION.parse(text);
  } catch (cause) {
    throw new ConfigurationError(
      `the bound ${cause instanceof Error ? cause.message : "is wrong"}`,
    );
  }
}
