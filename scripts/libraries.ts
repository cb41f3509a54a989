/** The libraries as other people's Node imports them: `packages/*\/dist`, JavaScript and types. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "./binaries.ts";

/** In the order in which they need each other. */
export const LIBRARIES = ["contract", "client", "verify"] as const;

/** Builds all libraries. @throws Error where the compiler refuses one. */
export async function buildLibraries(): Promise<void> {
  for (const name of LIBRARIES) {
    const folder = join(ROOT, "packages", name);
    await rm(join(folder, "dist"), { recursive: true, force: true });
    const tsc = Bun.spawn([join(ROOT, "node_modules/.bin/tsc"), "-p", "tsconfig.build.json"], {
      cwd: folder,
      stdout: "inherit",
      stderr: "inherit",
    });
    if ((await tsc.exited) !== 0) throw new Error(`the library ${name} does not build`);
  }
}
