import type { AssessPassword } from "./password-policy.ts";
import type { StrengthAnswer, StrengthQuestion } from "./password-strength-worker.ts";
import { createQuestionWorker } from "./question-worker.ts";
import { createWorkQueue } from "./work-queue.ts";

/** The assessment in a worker, which is started at the first question. */
export interface StrengthAssessor {
  readonly assess: AssessPassword;
  /** Ends the worker. */
  close(): Promise<void>;
}

const WAITING_MAX = 32;

/** Makes an assessor; one question at a time, and few that wait. */
export function createStrengthAssessor(): StrengthAssessor {
  const queue = createWorkQueue({ concurrency: 1, waitingMax: WAITING_MAX });
  const worker = createQuestionWorker<StrengthQuestion, StrengthAnswer>(
    new URL("./password-strength-worker.ts", import.meta.url),
  );
  return {
    assess: (password, known) => queue.run(() => worker.ask({ password, known })),
    close: () => worker.close(),
  };
}
