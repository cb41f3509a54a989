/**
 * Makes commits to a SQLite database durable. SQLite would do it within COMMIT, on the thread that asks
 * for it: everything else would wait for the disk. Here the system's call runs on another thread.
 */
import { type FileHandle, open } from "node:fs/promises";

/** Syncs the log that lies beside a SQLite database. */
export interface WalSync {
  /**
   * Resolves when all that was committed before the call is on disk. Calls that come while the disk is
   * busy share the next turn.
   *
   * @throws Error of the system.
   */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param onFailure called when the disk refused. What it was asked to keep may be lost although it takes
 *   what comes next, so nothing more must be acknowledged.
 */
export function createWalSync(databaseFile: string, onFailure: (error: unknown) => void): WalSync {
  let file: FileHandle | null = null;
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | null = null;
  let failure: { readonly error: unknown } | null = null;

  async function syncFile(): Promise<void> {
    if (failure !== null) throw failure.error;
    try {
      // SQLite keeps the file as long as a connection is open.
      file ??= await open(`${databaseFile}-wal`, "r+");
      await file.datasync();
    } catch (error) {
      failure = { error };
      onFailure(error);
      throw error;
    }
  }

  async function takeTurn(): Promise<void> {
    await running;
    next = null;
    const turn = syncFile();
    running = turn.catch(() => {});
    await turn;
  }

  return {
    // A turn that has begun may have missed this commit.
    sync: () => (next ??= takeTurn()),
    async close() {
      await running;
      await file?.close();
      file = null;
    },
  };
}
