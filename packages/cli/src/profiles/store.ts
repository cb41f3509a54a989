import type { FileSystem } from "./file-system.ts";
import type { Config, ConfigDraft } from "./profile.ts";

/** What the store is made from. */
export interface ProfileStoreOptions {
  readonly files: FileSystem;
  /** The config file's path, absolute. It need not exist. */
  readonly path: string;
  /** Waits between attempts to take the lock. */
  readonly clock: { nowMs(): number; sleep(ms: number): Promise<void> };
  /** Receives what the user should be told about a write (file mode tightened, …). */
  readonly note: (text: string) => void;
}

/** The config file: read whole, changed under a lock, replaced atomically. */
export interface ProfileStore {
  /**
   * Reads the file; a missing one is an empty config.
   *
   * @throws ProfileError `config_unreadable`, or `config_invalid` with line and column, or the path
   *   inside the file
   */
  read(): Config;
  /**
   * Changes the file: lock, read again, `change`, write beside, sync, rename, sync the directory.
   * Where `change` throws, or changed nothing, the file stays as it was. Keep requests to the server
   * out of `change`: other processes wait for the lock meanwhile.
   *
   * @throws ProfileError also `config_busy`, `config_not_written`
   */
  update<T>(change: (draft: ConfigDraft) => T | Promise<T>): Promise<T>;
}
