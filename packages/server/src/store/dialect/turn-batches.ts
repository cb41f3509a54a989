/**
 * Puts together what is asked for in one turn of the event loop: what it takes to ask a database at all
 * costs more than a look-up, and what runs side by side finds the processor's caches warm.
 *
 * @param answer gets a batch, which is never empty, at the end of its turn, or as soon as it is full:
 *   whatever it reads is not older than any of the questions.
 * @param questionsMax how many make a batch full.
 * @returns adds to the batch of this turn.
 */
export function createTurnBatches<Question>(
  answer: (batch: readonly Question[]) => void,
  questionsMax = Infinity,
): (question: Question) => void {
  let asked: Question[] = [];

  function answerAll(): void {
    const batch = asked;
    asked = [];
    if (batch.length > 0) answer(batch);
  }

  return (question) => {
    const { length } = asked;
    asked.push(question);
    if (length === 0) setImmediate(answerAll);
    if (length + 1 >= questionsMax) answerAll();
  };
}
