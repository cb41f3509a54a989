/**
 * Modules of the platform, loaded where they are first used and not with the file that uses them:
 * `node:fs` takes a millisecond and starts the compiler's threads, `node:path` and `node:os` a quarter
 * each, and most commands need none of them.
 */

/** `node:fs` */
export const nodeFs = () => process.getBuiltinModule("node:fs");

/** `node:os` */
export const nodeOs = () => process.getBuiltinModule("node:os");

/** `node:path` */
export const nodePath = () => process.getBuiltinModule("node:path");

/** What `node:tty` asks. Loading that takes 4 ms, and making the stream for `process.stdout.isTTY` 2. */
export function isTerminal(descriptor: number): boolean {
  return (process as WithBindings).binding("tty_wrap").isTTY(descriptor);
}

/** Public in every Node and in Bun, and in no type definitions. */
type WithBindings = typeof process & {
  binding(name: "tty_wrap"): { isTTY(descriptor: number): boolean };
};
