import { Worker } from "node:worker_threads";
import type { AssessPassword, PasswordStrength } from "./password-policy.ts";
import type { StrengthAnswer, StrengthQuestion } from "./password-strength-worker.ts";
import { createWorkQueue } from "./work-queue.ts";

/** The assessment in a worker, which is started at the first question. */
export interface StrengthAssessor {
  readonly assess: AssessPassword;
  /** Ends the worker. */
  close(): Promise<void>;
}

const WAITING_MAX = 32;
const RETRY_MS = 1000;

/** Makes an assessor; one question at a time, and few that wait. */
export function createStrengthAssessor(): StrengthAssessor {
  const queue = createWorkQueue({
    concurrency: 1,
    waitingMax: WAITING_MAX,
    retryAfterMs: RETRY_MS,
  });
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
