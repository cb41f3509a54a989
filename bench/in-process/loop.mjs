// The loop that measures what runs inside a process, the same for Conch and for its peers, on Node
// and on Bun: a line `{"seconds":N}` on standard input is a round, its rate goes to standard output.
import { createInterface } from "node:readline";

const BATCH = 1_000;

/**
 * @param {readonly string[]} tokens
 * @param {(token: string) => unknown} verify
 * @param {(result: any) => boolean} isGood whether its result is that of a good token
 */
export async function serveRounds(tokens, verify, isGood) {
  let next = 0;
  async function round(seconds) {
    const startedAt = performance.now();
    let done = 0;
    while (performance.now() - startedAt < seconds * 1_000) {
      for (let index = 0; index < BATCH; index += 1) {
        // Awaited even where it need not be: that is what a caller of `verify` does.
        if (!isGood(await verify(tokens[next]))) throw new Error("a good token was refused");
        next = next + 1 === tokens.length ? 0 : next + 1;
      }
      done += BATCH;
    }
    return done / ((performance.now() - startedAt) / 1_000);
  }

  console.log(JSON.stringify({ ready: true }));
  for await (const line of createInterface({ input: process.stdin })) {
    const { seconds } = JSON.parse(line);
    const rate = await round(seconds);
    globalThis.gc?.();
    console.log(JSON.stringify({ rate, heapBytes: process.memoryUsage().heapUsed }));
  }
}
