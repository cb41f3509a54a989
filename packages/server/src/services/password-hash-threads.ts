import { retryLater } from "../errors.ts";
import type { HashAnswer, HashQuestion } from "./password-hash-worker.ts";
import type { Argon2 } from "./password-hasher.ts";
import { type QuestionWorker, createQuestionWorker, WorkerBrokenError } from "./question-worker.ts";

/**
 * argon2id on threads of its own, each started when all others are at work. The runtime's shared threads
 * would do, but they cannot be told to give way to those that answer requests.
 */
export function createHashThreads(): Argon2 {
  const all = new Set<QuestionWorker<HashQuestion, HashAnswer>>();
  const idle: QuestionWorker<HashQuestion, HashAnswer>[] = [];

  function start(): QuestionWorker<HashQuestion, HashAnswer> {
    const script = new URL("./password-hash-worker.ts", import.meta.url);
    const worker = createQuestionWorker<HashQuestion, HashAnswer>(script);
    all.add(worker);
    return worker;
  }

  async function ask(question: HashQuestion): Promise<HashAnswer> {
    // The one that rested longest.
    const worker = idle.shift() ?? start();
    try {
      const answer = await worker.ask(question);
      if ("failure" in answer) throw new Error(`a password was not hashed: ${answer.failure}`);
      return answer;
    } catch (error) {
      throw error instanceof WorkerBrokenError ? retryLater("overloaded", { cause: error }) : error;
    } finally {
      idle.push(worker);
    }
  }

  return {
    async hash(password) {
      const answer = await ask({ password, expectedHash: null });
      if ("hash" in answer) return answer.hash;
      throw new Error("no hash came back");
    },
    async verify(password, expectedHash) {
      const answer = await ask({ password, expectedHash });
      return "isRight" in answer && answer.isRight;
    },
    async close() {
      await Promise.all([...all].map((worker) => worker.close()));
    },
  };
}
