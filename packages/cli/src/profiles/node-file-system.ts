import type { Stats } from "node:fs";
import { nodeFs, nodePath } from "../builtins.ts";
import { writeWhole } from "../write-whole.ts";
import {
  errorCodeOf,
  type FileLock,
  type FileSystem,
  type NotAFile,
  NotAFileError,
} from "./file-system.ts";

const LINKS_MAX = 40;

function resolveLinks(file: string, linksLeft = LINKS_MAX): string {
  const path = nodePath();
  const { lstatSync, readlinkSync, realpathSync } = nodeFs();
  const absolute = path.resolve(file);
  try {
    return realpathSync(absolute);
  } catch (error) {
    if (errorCodeOf(error) !== "ENOENT" || linksLeft === 0) throw error;
  }
  const here = path.join(realpathSync(path.dirname(absolute)), path.basename(absolute));
  const isLink = lstatSync(here, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  if (!isLink) return here;
  return resolveLinks(path.resolve(path.dirname(here), readlinkSync(here)), linksLeft - 1);
}

async function readStream(path: string, limitBytes: number): Promise<Uint8Array> {
  const { open } = await import("node:fs/promises");
  const handle = await open(path, "r");
  try {
    const bytes = new Uint8Array(limitBytes + 1);
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length, null);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return bytes.subarray(0, length);
  } finally {
    await handle.close();
  }
}

function requireFile(stats: Stats): void {
  if (!stats.isFile()) throw new NotAFileError(kindOf(stats));
}

function kindOf(stats: Stats): NotAFile {
  if (stats.isDirectory()) return "a directory";
  if (stats.isFIFO()) return "a named pipe";
  const nullDevice = nodeFs().statSync("/dev/null", { throwIfNoEntry: false });
  return stats.isCharacterDevice() && stats.rdev === nullDevice?.rdev
    ? "the null device"
    : "a device";
}

function withFile<T>(
  path: string,
  flags: string,
  mode: number | undefined,
  use: (d: number) => T,
): T {
  const { closeSync, openSync } = nodeFs();
  const descriptor = openSync(path, flags, mode);
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

async function tryLock(path: string): Promise<FileLock | null> {
  // SQLite's locks are the system's on every platform (fcntl, LockFileEx) and come with the runtime;
  // loaded here, because only writes need them.
  const { Database } = await import("bun:sqlite");
  withFile(path, "a", 0o600, () => undefined);
  const database = new Database(path);
  try {
    // In memory: the lock file stays empty, and no journal is left behind by a killed process.
    database.run("PRAGMA journal_mode = MEMORY");
    database.run("PRAGMA busy_timeout = 0");
    database.run("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (errorCodeOf(error)?.startsWith("SQLITE_BUSY") === true) return null;
    throw error;
  }
  return {
    release() {
      database.run("ROLLBACK");
      database.close();
    },
  };
}

/** The machine's own file system. On Windows files have no permission bits and directories no sync. */
export function createNodeFileSystem(options: { readonly isWindows: boolean }): FileSystem {
  return {
    resolveLinks,

    async read(path, limitBytes) {
      // Not by `node:fs`: see `builtins.ts`. It opens without waiting, should it be a pipe by now.
      const file = Bun.file(path);
      const stats = await file.stat();
      requireFile(stats);
      const mode = options.isWindows ? null : stats.mode & 0o7777;
      return { bytes: await file.slice(0, limitBytes + 1).bytes(), mode };
    },

    readStream,

    createSynced(path, bytes, mode) {
      withFile(path, "wx", mode, (descriptor) => {
        if (!options.isWindows) nodeFs().fchmodSync(descriptor, mode);
        writeWhole(descriptor, bytes);
        nodeFs().fsyncSync(descriptor);
      });
    },

    copyOwner(from, to) {
      if (options.isWindows) return;
      const { chownSync, statSync } = nodeFs();
      const wanted = statSync(from, { throwIfNoEntry: false });
      const actual = statSync(to);
      if (wanted === undefined || (wanted.uid === actual.uid && wanted.gid === actual.gid)) return;
      try {
        chownSync(to, wanted.uid, wanted.gid);
      } catch (error) {
        if (errorCodeOf(error) !== "EPERM") throw error;
      }
    },

    rename(from, to) {
      nodeFs().renameSync(from, to);
    },

    remove(path) {
      nodeFs().rmSync(path, { force: true });
    },

    syncDirectoryOf(path) {
      if (options.isWindows) return;
      withFile(nodePath().dirname(path), "r", undefined, nodeFs().fsyncSync);
    },

    tryLock,
  };
}
