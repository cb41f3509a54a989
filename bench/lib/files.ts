/** Folders and files of one benchmark. */
import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder that goes when it is disposed of. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

export async function createFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), "conch-bench-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/**
 * Makes the system forget what it has of a file, or of the files of a folder, in memory.
 *
 * @returns whether it could.
 */
export function evict(path: string): boolean {
  if (statSync(path).isDirectory()) {
    return readdirSync(path).every((name) => evict(join(path, name)));
  }
  // GNU dd: with no blocks to copy, `nocache` is advice about the whole file.
  return spawnSync("dd", [`if=${path}`, "iflag=nocache", "count=0"]).status === 0;
}
