import { Worker } from "node:worker_threads";

/** A thread that answers questions; it is started at the first one, and anew after it broke. */
export interface QuestionWorker<Question, Answer> {
  /**
   * Asks; one question at a time.
   *
   * @throws WorkerBrokenError where the thread ended without an answer.
   */
  ask(question: Question): Promise<Answer>;
  /** Ends the thread. */
  close(): Promise<void>;
}

/** The thread ended without an answer; the next question starts another. */
export class WorkerBrokenError extends Error {
  override readonly name = "WorkerBrokenError";
}

/** @param script answers each message with one of its own. */
export function createQuestionWorker<Question, Answer>(
  script: URL,
): QuestionWorker<Question, Answer> {
  let worker: Worker | null = null;

  return {
    ask(question) {
      worker ??= new Worker(script);
      const asked = worker;
      return new Promise((resolve, reject) => {
        const onBroken = (cause: unknown) => {
          stop();
          if (worker === asked) worker = null;
          reject(new WorkerBrokenError("the worker ended without an answer", { cause }));
        };
        const onMessage = (answer: Answer) => {
          stop();
          resolve(answer);
        };
        const stop = () => {
          asked.off("message", onMessage);
          asked.off("error", onBroken);
          asked.off("exit", onBroken);
        };
        asked.on("message", onMessage);
        asked.on("error", onBroken);
        asked.on("exit", onBroken);
        asked.postMessage(question);
      });
    },
    async close() {
      await worker?.terminate();
      worker = null;
    },
  };
}
