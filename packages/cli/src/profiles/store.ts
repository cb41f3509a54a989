import { openDraft, type OpenDraft, type SecretWriter } from "./config-draft.ts";
import { ConfigShapeError, readProfiles, rootObject } from "./config-shape.ts";
import { errorCodeOf, type FileLock, type FileSystem, NotAFileError } from "./file-system.ts";
import { decodeUtf8, describeFailure } from "./file-text.ts";
import { type JsonObject, JsonSyntaxError, parseJson, printJson } from "./json-document.ts";
import type { Config, ConfigDraft, Profile, SecretPlace } from "./profile.ts";
import { ProfileError } from "./profile-error.ts";

/** Far above any real file; a mistaken path (a disk image, `/dev/zero`) ends here. */
const FILE_BYTES_MAX = 16 * 1024 * 1024;
const FILE_MODE = 0o600;
const LOCK_WAIT_MS_MAX = 10_000;
const LOCK_RETRY_MS = 15;

/** What the store is made from. */
export interface ProfileStoreOptions {
  readonly files: FileSystem;
  /** The config file's path, absolute. It need not exist. */
  readonly path: string;
  /** Waits between attempts to take the lock. */
  readonly clock: { nowMs(): number; sleep(ms: number): Promise<void> };
  readonly secrets: SecretWriter;
  /** Receives what the user should be told about a write (file mode tightened, …). */
  readonly note: (text: string) => void;
}

/** The config file: read whole, changed under a lock, replaced atomically. */
export interface ProfileStore {
  /**
   * Reads the file; a missing one is an empty config, and so is the null device, which has no profiles
   * whatever is done.
   *
   * @throws ProfileError `config_unreadable`, or `config_invalid` with line and column, or the path
   *   inside the file
   */
  read(): Promise<Config>;
  /**
   * Changes the file: lock, read again, `change`, write beside, sync, rename, sync the directory.
   * Where `change` throws, or changed nothing, the file stays as it was. Keep requests to the server
   * out of `change`: other processes wait for the lock meanwhile.
   *
   * @throws ProfileError also `config_busy`, `config_not_written`
   */
  update<T>(change: (draft: ConfigDraft) => T | Promise<T>): Promise<T>;
  /**
   * Does all of a write but the rename, so that nothing is made on a server whose result could not be
   * kept afterwards.
   *
   * @throws ProfileError as `update`, and `keychain_unavailable`
   */
  checkWritable(place: SecretPlace): Promise<void>;
}

/** The file as parsed, with what is needed to write it back in the same style. */
interface Document {
  readonly root: JsonObject;
  readonly profiles: readonly Profile[];
  readonly text: string | null;
  readonly mode: number | null;
}

/** Makes the store of one config file, which need not exist yet. */
export function createProfileStore(options: ProfileStoreOptions): ProfileStore {
  const { files, path, clock } = options;
  const untouched = "It was not changed.";

  async function readBytes(): Promise<{ bytes: Uint8Array; mode: number | null } | null> {
    try {
      return await files.read(path, FILE_BYTES_MAX);
    } catch (error) {
      if (errorCodeOf(error) === "ENOENT" || isNullDevice(error)) return null;
      throw new ProfileError(
        "config_unreadable",
        `cannot read the config file ${path}: ${describeFailure(error)}`,
        `Make it readable, or name another with --config. ${untouched}`,
        { cause: error },
      );
    }
  }

  function invalid(fault: string, cause?: unknown): ProfileError {
    return new ProfileError(
      "config_invalid",
      `the config file ${path} is not usable: ${fault}`,
      `Correct it by hand, or move it away to start anew. ${untouched}`,
      { cause },
    );
  }

  async function readDocument(): Promise<Document> {
    const file = await readBytes();
    if (file === null) {
      return { root: new Map([["path", path]]), profiles: [], text: null, mode: null };
    }
    if (file.bytes.length > FILE_BYTES_MAX) throw invalid("it is larger than 16 MiB");
    try {
      const text = decodeUtf8(file.bytes);
      const root = rootObject(parseJson(text));
      return { root, profiles: readProfiles(root), text, mode: file.mode };
    } catch (error) {
      const isFault = error instanceof JsonSyntaxError || error instanceof ConfigShapeError;
      throw isFault ? invalid(error.message, error) : error;
    }
  }

  async function takeLock(realPath: string): Promise<FileLock> {
    const giveUpAtMs = clock.nowMs() + LOCK_WAIT_MS_MAX;
    for (;;) {
      const lock = await files.tryLock(`${realPath}.lock`);
      if (lock !== null) return lock;
      if (clock.nowMs() >= giveUpAtMs) {
        throw new ProfileError(
          "config_busy",
          `another process has been changing ${path} for ${LOCK_WAIT_MS_MAX / 1000} s`,
          `Try again. The lock is ${realPath}.lock; it is free as soon as its holder has ended.`,
        );
      }
      await clock.sleep(LOCK_RETRY_MS);
    }
  }

  function notWritten(error: unknown): ProfileError {
    const hint =
      errorCodeOf(error) === "ENOENT"
        ? "Its directory does not exist: make it first."
        : "The file is as it was. It is replaced by a new one beside it, so its directory must be writable.";
    return new ProfileError(
      "config_not_written",
      `cannot write the config file ${path}: ${describeFailure(error)}`,
      hint,
      { cause: error },
    );
  }

  /**
   * Writes the new file and hands it on. Only ever called with the lock held, so that its name is ours
   * alone.
   */
  function writeBeside(realPath: string, text: string, use: (beside: string) => void): void {
    const beside = `${realPath}.new`;
    try {
      files.remove(beside);
      files.createSynced(beside, new TextEncoder().encode(text), FILE_MODE);
      files.copyOwner(realPath, beside);
      use(beside);
    } catch (error) {
      removeQuietly(beside);
      throw notWritten(error);
    }
  }

  function replace(realPath: string, text: string): void {
    writeBeside(realPath, text, (beside) => files.rename(beside, realPath));
    try {
      files.syncDirectoryOf(realPath);
    } catch (error) {
      // The new file is in place, so the change is done; only a crash of the machine could undo it.
      options.note(
        `${path} was written, but its directory not synced to disk: ${describeFailure(error)}`,
      );
    }
  }

  function removeQuietly(file: string): void {
    try {
      files.remove(file);
    } catch {
      // The failure that led here is the one to report; the next write removes the file.
    }
  }

  async function forget(accounts: readonly string[]): Promise<void> {
    for (const account of accounts) {
      try {
        await options.secrets.removeFromKeychain(account);
      } catch (error) {
        options.note(`the key chain still holds "${account}": ${describeFailure(error)}`);
      }
    }
  }

  async function write(realPath: string, document: Document, open: OpenDraft): Promise<void> {
    const style = styleOf(document.text);
    const before =
      document.text === null ? null : printJson(parseJson(document.text), style.indent);
    const isOpen = document.mode !== null && (document.mode & 0o077) !== 0;
    if (printJson(document.root, style.indent) === before && !isOpen) return;
    await open.hidePlainSessions();
    replace(realPath, printJson(document.root, style.indent) + style.end);
    if (isOpen) {
      options.note(
        `${path} had mode ${formatMode(document.mode)}; it is ${formatMode(FILE_MODE)} now`,
      );
    }
    await forget(open.keychainOrphans());
  }

  /** Before a lock is left beside it: a device is not replaced by a file, not even by root. */
  async function requireReplaceable(): Promise<void> {
    try {
      await files.read(path, 0);
    } catch (error) {
      if (!(error instanceof NotAFileError)) return;
      throw new ProfileError(
        "config_not_written",
        `cannot write the config file ${path}: ${error.message}`,
        "Name a file with --config, or with CONCH_CONFIG.",
        { cause: error },
      );
    }
  }

  async function locked<T>(
    use: (realPath: string, document: Document) => T | Promise<T>,
  ): Promise<T> {
    await requireReplaceable();
    let realPath: string;
    let lock: FileLock;
    try {
      realPath = files.resolveLinks(path);
      lock = await takeLock(realPath);
    } catch (error) {
      throw error instanceof ProfileError ? error : notWritten(error);
    }
    try {
      return await use(realPath, await readDocument());
    } finally {
      lock.release();
    }
  }

  return {
    async read() {
      const { profiles, text, mode } = await readDocument();
      return { path, exists: text !== null, profiles, notes: modeNotes(path, mode) };
    },

    update(change) {
      return locked(async (realPath, document) => {
        const open = openDraft(document.root, options.secrets);
        try {
          const result = await change(open.draft);
          await write(realPath, document, open);
          return result;
        } catch (error) {
          await forget(open.keychainAdded);
          throw error;
        }
      });
    },

    async checkWritable(place) {
      if (place === "keychain") await options.secrets.checkKeychain();
      await locked((realPath, { text }) => {
        writeBeside(realPath, text ?? "", (beside) => files.remove(beside));
      });
    },
  };
}

/** `--config /dev/null`, as many tools have it: no profiles. */
function isNullDevice(error: unknown): boolean {
  return error instanceof NotAFileError && error.found === "the null device";
}

function formatMode(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

function modeNotes(path: string, mode: number | null): string[] {
  if (mode === null || (mode & 0o077) === 0) return [];
  return [
    `${path} has mode ${formatMode(mode)}, so others may read it; the next write makes it ${formatMode(FILE_MODE)}`,
  ];
}

/** Tabs and no newline at the end are what the Go client writes; another style is kept. */
function styleOf(text: string | null): { indent: string; end: string } {
  if (text === null) return { indent: "\t", end: "\n" };
  const indent = /^\s*\{\r?\n([ \t]+)"/.exec(text)?.[1] ?? "\t";
  return { indent, end: text.endsWith("\n") ? "\n" : "" };
}
