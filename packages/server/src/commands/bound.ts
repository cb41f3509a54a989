import type { Context } from "../context.ts";
import { ConfigurationError } from "../options.ts";
import { changeBound, readBoundMs } from "../store/configuration.ts";
import { openDatabase } from "../store/open-database.ts";

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
  const database = await openDatabase(options.database, {
    createId: () => context.random.uuid(),
    nowMs: () => context.clock.nowMs(),
  });
  try {
    if (options.seconds !== undefined) {
      const boundMs = parseSeconds(options.seconds);
      const pause = (ms: number) =>
        new Promise<void>((resolve) => {
          context.timers.set(resolve, ms);
        });
      await changeBound(database, boundMs, pause).catch((error: unknown) => {
        throw error instanceof RangeError ? new ConfigurationError(error.message) : error;
      });
    }
    return (await readBoundMs(database.db)) / 1000;
  } finally {
    await database.close();
  }
}

function parseSeconds(text: string): number {
  if (!/^\d{1,6}(\.\d{1,3})?$/.test(text)) {
    throw new ConfigurationError("the bound is a number of seconds, such as 5 or 2.5");
  }
  return Math.round(Number(text) * 1000);
}
