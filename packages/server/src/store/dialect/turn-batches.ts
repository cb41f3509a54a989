/**
 * Puts together what is asked for in one turn of the event loop: what it takes to ask a database at all
 * costs more than a look-up, and what runs side by side finds the processor's caches warm.
 *
 * @param answer gets a batch, which is never empty, at the end of its turn: whatever it reads is not older
 *   than any of the questions.
 * @returns adds to the batch of this turn.
 */
export function createTurnBatches<Question>(
  answer: (batch: readonly Question[]) => void,
): (question: Question) => void {
  let asked: Question[] = [];

  function answerAll(): void {
    const batch = asked;
    asked = [];
    answer(batch);
  }

  return (question) => {
    if (asked.push(question) === 1) setImmediate(answerAll);
  };
}
