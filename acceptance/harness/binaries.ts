/**
 * The binaries that tests run: given by `npm test`, or built once a test process, in one place: a
 * test runner's process has no moment at its end to remove them.
 */
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { buildBinary, NO_FLAGS, ROOT } from "../../scripts/binaries.ts";

/** Names a folder with `conch` and `conchd` already built; `npm test` sets it. */
export const BINARIES_VARIABLE = "CONCH_TEST_BINARIES";

let built: Promise<string> | undefined;

/** The folder that holds `conch` and `conchd`, built without any flags. */
export function testBinaries(): Promise<string> {
  const given = process.env[BINARIES_VARIABLE];
  built ??= given === undefined || given === "" ? buildTestBinaries() : Promise.resolve(given);
  return built;
}

async function buildTestBinaries(): Promise<string> {
  const folder = join(ROOT, "dist", "test");
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, "build-"));
  try {
    await Promise.all(
      (["conch", "conchd"] as const).map(async (program) => {
        await buildBinary(program, join(work, program), NO_FLAGS);
        // Another test process may be running the one that is there.
        await rename(join(work, program), join(folder, program));
      }),
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return folder;
}
