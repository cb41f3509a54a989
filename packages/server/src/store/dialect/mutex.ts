/**
 * Lets one holder in at a time, in the order of asking. Between two holders the event loop turns:
 * timers and requests are served, and another process can have the lock of the file.
 */
export interface Mutex {
  /** Resolves with the function that lets the next one in. */
  acquire(): Promise<() => void>;
}

/** Makes one that nobody holds. */
export function createMutex(): Mutex {
  let tail: Promise<void> = Promise.resolve();
  return {
    acquire() {
      const { promise, resolve } = Promise.withResolvers<void>();
      const before = tail;
      tail = promise;
      return before.then(() => () => void setImmediate(resolve));
    },
  };
}
