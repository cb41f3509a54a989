import { DatabaseUnavailableError } from "../errors.ts";

/**
 * Runs a transaction's work within a time limit, the wait for its connection and its COMMIT included.
 *
 * @param begin starts the transaction; calls `assertInTime` before each step that must not be late.
 * @param abort closes the connection that the transaction hangs on.
 * @throws DatabaseUnavailableError at the limit: whether it was committed is then not known.
 */
export async function withTimeLimit<T>(
  timeLimitMs: number,
  begin: (assertInTime: () => void) => Promise<T>,
  abort: () => void,
): Promise<T> {
  let isLate = false;
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    isLate = true;
    limit.reject(new DatabaseUnavailableError(`no answer within ${timeLimitMs} ms`));
    abort();
  }, timeLimitMs);
  const work = begin(() => {
    if (isLate) throw new DatabaseUnavailableError("the time for this is over");
  });
  try {
    return await Promise.race([work, limit.promise]);
  } finally {
    clearTimeout(timer);
    work.catch(() => {});
  }
}
