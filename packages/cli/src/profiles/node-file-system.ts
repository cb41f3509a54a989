import {
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

import { writeWhole } from "../write-whole.ts";
import {
  errorCodeOf,
  type FileLock,
  type FileSystem,
  type NotAFile,
  NotAFileError,
} from "./file-system.ts";

const LINKS_MAX = 40;
/** More than a config file has; larger ones take longer to be cleared than to be read. */
const CHUNK_BYTES = 8 * 1024;
/** Opening a named pipe that nobody writes into would never return. */
const READ_WITHOUT_WAITING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

function resolveLinks(path: string, linksLeft = LINKS_MAX): string {
  const absolute = resolve(path);
  try {
    return realpathSync(absolute);
  } catch (error) {
    if (errorCodeOf(error) !== "ENOENT" || linksLeft === 0) throw error;
  }
  const here = join(realpathSync(dirname(absolute)), basename(absolute));
  const isLink = lstatSync(here, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  return isLink ? resolveLinks(resolve(dirname(here), readlinkSync(here)), linksLeft - 1) : here;
}

function readWhole(descriptor: number, limitBytes: number): Uint8Array {
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length <= limitBytes) {
    const chunk = new Uint8Array(Math.min(CHUNK_BYTES, limitBytes + 1 - length));
    const count = readSync(descriptor, chunk, 0, chunk.length, null);
    if (count === 0) break;
    chunks.push(chunk.subarray(0, count));
    length += count;
  }
  return Buffer.concat(chunks);
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
  const nullDevice = statSync("/dev/null", { throwIfNoEntry: false });
  return stats.isCharacterDevice() && stats.rdev === nullDevice?.rdev
    ? "the null device"
    : "a device";
}

function withFile<T>(
  path: string,
  flags: string | number,
  mode: number | undefined,
  use: (d: number) => T,
): T {
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
  closeSync(openSync(path, "a", 0o600));
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

    read(path, limitBytes) {
      return withFile(path, READ_WITHOUT_WAITING, undefined, (descriptor) => {
        const stats = fstatSync(descriptor);
        requireFile(stats);
        const mode = options.isWindows ? null : stats.mode & 0o7777;
        return { bytes: readWhole(descriptor, limitBytes), mode };
      });
    },

    readStream,

    createSynced(path, bytes, mode) {
      withFile(path, "wx", mode, (descriptor) => {
        if (!options.isWindows) fchmodSync(descriptor, mode);
        writeWhole(descriptor, bytes);
        fsyncSync(descriptor);
      });
    },

    copyOwner(from, to) {
      if (options.isWindows) return;
      const wanted = statSync(from, { throwIfNoEntry: false });
      const actual = statSync(to);
      if (wanted === undefined || (wanted.uid === actual.uid && wanted.gid === actual.gid)) return;
      try {
        chownSync(to, wanted.uid, wanted.gid);
      } catch (error) {
        if (errorCodeOf(error) !== "EPERM") throw error;
      }
    },

    rename: renameSync,

    remove(path) {
      rmSync(path, { force: true });
    },

    syncDirectoryOf(path) {
      if (options.isWindows) return;
      withFile(dirname(path), "r", undefined, fsyncSync);
    },

    tryLock,
  };
}
