/** Constant load on the nodes themselves: `GET /verify` over HTTP, each token in turn. */
import type { Sightings } from "./record.ts";

/** Asks one node. */
export interface NodeLoad {
  readonly sightings: readonly Sightings[];
  stop(): Promise<void>;
}

const CONCURRENCY = 12;
/** Of each of them, after an answer. */
const PAUSE_MS = 40;
const TIME_LIMIT_MS = 10_000;

/** Begins at once. */
export function startNodeLoad(url: string, tokens: readonly string[]): NodeLoad {
  const sightings = tokens.map(() => ({ acceptedAtMs: 0, refusedAtMs: 0, unavailableAtMs: 0 }));
  // Tokens that wait for an answer: the others do not wait for them.
  const underway = new Set<number>();
  let next = 0;
  const stopped = new AbortController();

  function takeNext(): number {
    do next = (next + 1) % tokens.length;
    while (underway.has(next));
    return next;
  }

  async function look(): Promise<void> {
    const index = takeNext();
    underway.add(index);
    await ask(index);
    underway.delete(index);
    await Bun.sleep(PAUSE_MS);
  }

  async function ask(index: number): Promise<void> {
    const seen = sightings[index];
    const atMs = Date.now();
    const status = await fetch(`${url}/verify`, {
      headers: { authorization: `Bearer ${tokens[index]}` },
      signal: AbortSignal.timeout(TIME_LIMIT_MS),
    }).then(
      (response) => response.status,
      () => 0,
    );
    if (seen === undefined) return;
    if (status === 200) seen.acceptedAtMs = atMs;
    else if (status === 401) seen.refusedAtMs = atMs;
    else seen.unavailableAtMs = atMs;
  }

  async function work(): Promise<void> {
    while (!stopped.signal.aborted) await look();
  }

  const workers = Array.from({ length: CONCURRENCY }, work);
  return {
    sightings,
    async stop() {
      stopped.abort();
      await Promise.all(workers);
    },
  };
}
