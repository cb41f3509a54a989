/**
 * Alternating rounds: each contender runs once in each, so that whatever else the machine does in
 * the meantime falls on all of them. Ratios are taken within a round, and their median is reported.
 */

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The median of the ratios that two contenders had in the same rounds. */
export function medianRatio(over: readonly number[], under: readonly number[]): number {
  return median(over.map((value, round) => value / (under[round] ?? Number.NaN)));
}

/**
 * Runs each contender once a round, in an order that turns from round to round. One more round goes
 * before, unmeasured, where the contenders are not warm already.
 */
export async function alternate<T>(
  contenders: Readonly<Record<string, () => Promise<T>>>,
  rounds: number,
  { isWarmedUp = false } = {},
): Promise<Record<string, T[]>> {
  const entries = Object.entries(contenders);
  const results: Record<string, T[]> = Object.fromEntries(entries.map(([name]) => [name, []]));
  if (!isWarmedUp) for (const [, run] of entries) await run();
  for (let round = 0; round < rounds; round += 1) {
    for (let place = 0; place < entries.length; place += 1) {
      const [name, run] = entries[(place + round) % entries.length]!;
      results[name]!.push(await run());
    }
  }
  return results;
}
