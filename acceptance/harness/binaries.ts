/** The binaries that tests run: built once a test process, or given by `npm test`. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildBinary, NO_FLAGS } from "../../scripts/binaries.ts";

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
  const folder = await mkdtemp(join(tmpdir(), "conch-binaries-"));
  process.on("exit", () => {
    // Only synchronous work is done at exit.
    Bun.spawnSync(["rm", "-rf", folder]);
  });
  try {
    await Promise.all([
      buildBinary("conch", join(folder, "conch"), NO_FLAGS),
      buildBinary("conchd", join(folder, "conchd"), NO_FLAGS),
    ]);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return folder;
}
