import { Worker } from "node:worker_threads";
import type { AssessPassword, PasswordStrength } from "./password-policy.ts";
import type { StrengthAnswer, StrengthQuestion } from "./password-strength-worker.ts";
import type { WorkQueue } from "./work-queue.ts";

/** The assessment in a worker, which is started at the first question. */
export interface StrengthAssessor {
  readonly assess: AssessPassword;
  /** Ends the worker. */
  close(): Promise<void>;
}

/** @param queue how many may ask and wait. */
export function createStrengthAssessor(queue: WorkQueue): StrengthAssessor {
  let worker: Worker | null = null;
  let lastId = 0;

  function start(): Worker {
    return new Worker(new URL("./password-strength-worker.ts", import.meta.url));
  }

  function ask(password: string, known: readonly string[]): Promise<PasswordStrength> {
    worker ??= start();
    const asked = worker;
    lastId += 1;
    const id = lastId;
    return new Promise((resolve, reject) => {
      const onMessage = (answer: StrengthAnswer) => {
        if (answer.id !== id) return;
        stop();
        resolve({ score: answer.score, advice: answer.advice });
      };
      const onError = (cause: Error) => {
        stop();
        // The next question starts another one.
        worker = null;
        reject(new Error("the password assessment failed", { cause }));
      };
      const stop = () => {
        asked.off("message", onMessage);
        asked.off("error", onError);
      };
      asked.on("message", onMessage);
      asked.on("error", onError);
      asked.postMessage({ id, password, known } satisfies StrengthQuestion);
    });
  }

  return {
    assess: (password, known) => queue.run(() => ask(password, known)),
    async close() {
      await worker?.terminate();
      worker = null;
    },
  };
}
