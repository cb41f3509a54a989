/**
 * Look-ups that are asked for in one turn of the event loop, put together: what it takes to ask a
 * database at all costs more than the look-up.
 */
import type { Found, LookUp } from "../lookup.ts";

/** A look-up that waits for its answer. */
export interface Asked {
  readonly hash: Uint8Array;
  readonly resolve: (found: Found) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * @param answer settles all of the batch, which is never empty. It begins after all of them were
 *   asked for, so that none gets an answer that is older than its question.
 */
export function createBatchedLookUp(answer: (batch: readonly Asked[]) => void): LookUp {
  let asked: Asked[] = [];

  function answerAll(): void {
    const batch = asked;
    asked = [];
    answer(batch);
  }

  return (hash) =>
    new Promise((resolve, reject) => {
      if (asked.push({ hash, resolve, reject }) === 1) setImmediate(answerAll);
    });
}
