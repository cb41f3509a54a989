/**
 * The file operations that the config store needs, one system call or one safe sequence each, so
 * that a test can fail any of them. `node-file-system.ts` has the real ones. All throw the
 * platform's errors (`code`: `ENOENT`, `EACCES`, `ENOSPC`, …).
 */
export interface FileSystem {
  /** The path behind all symbolic links; of a dangling link, the path that it names. */
  resolveLinks(path: string): string;
  /**
   * At most `limitBytes` + 1 bytes from the start of the file; its permission bits, where it has any.
   * Never waits for a writer.
   *
   * @throws NotAFileError also
   */
  read(path: string, limitBytes: number): Promise<{ bytes: Uint8Array; mode: number | null }>;
  /**
   * The same of anything that can be read, pipes and terminals too. It may take for ever, and leaves
   * the process open to interruptions.
   */
  readStream(path: string, limitBytes: number): Promise<Uint8Array>;
  /** Creates a new file of that mode (never follows a link), writes it whole and syncs it to disk. */
  createSynced(path: string, bytes: Uint8Array, mode: number): void;
  /** Gives a file the owner of another one, where they differ and we may (`sudo conch`). */
  copyOwner(from: string, to: string): void;
  /** Replaces `to` by `from` atomically. */
  rename(from: string, to: string): void;
  /** Removes a file; no error where there is none. */
  remove(path: string): void;
  /** Syncs the directory that holds the path, where the platform can. */
  syncDirectoryOf(path: string): void;
  /**
   * Takes the operating system's exclusive lock on a lock file, created with mode 0600; `null` where
   * another process, or another caller in this one, holds it. The kernel frees it when its holder dies.
   */
  tryLock(path: string): Promise<FileLock | null>;
}

/** A held lock. */
export interface FileLock {
  release(): void;
}

/** What a path names where a file should be, and is not. */
export type NotAFile = "a directory" | "a named pipe" | "a device" | "the null device";

/** A path names something that is there and is not a file: it has no end, or nothing that can be replaced. */
export class NotAFileError extends Error {
  readonly found: NotAFile;

  constructor(found: NotAFile) {
    super(`it is ${found}, not a file`);
    this.name = "NotAFileError";
    this.found = found;
  }
}

/** The platform's code of an error (`ENOENT`), where it has one. */
export function errorCodeOf(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}
