import type { Context } from "../context.ts";

/**
 * A pause of so many milliseconds. Unlike `Context.delay` it keeps the process alive: while a command
 * waits, nothing else does.
 */
export function createPause({ timers }: Pick<Context, "timers">): (ms: number) => Promise<void> {
  return (ms) =>
    new Promise((resolve) => {
      timers.set(resolve, ms);
    });
}
