import { retryLater } from "../errors.ts";

/** Runs few things at a time and lets few wait. */
export interface WorkQueue {
  /** @throws ApiError 503 `overloaded` where too many wait already. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

/** Makes a queue; first come, first served. */
export function createWorkQueue(options: {
  readonly concurrency: number;
  readonly waitingMax: number;
}): WorkQueue {
  const waiting: (() => void)[] = [];
  let running = 0;
  return {
    async run(work) {
      if (running < options.concurrency) running += 1;
      else if (waiting.length >= options.waitingMax) {
        throw retryLater("overloaded");
      } else {
        // Whoever finishes hands its place on, so `running` stays as it is.
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next === undefined) running -= 1;
        else next();
      }
    },
  };
}
