/** What a benchmark found: a line for people, and a record for the table at the end. */
import { appendFileSync } from "node:fs";

export interface Finding {
  /** What was measured, as in the table of targets. */
  readonly what: string;
  readonly target: string;
  readonly result: string;
  /** `null` where there is no target. */
  readonly pass: boolean | null;
}

/** Reports one row of the table. */
export function report(finding: Finding): void {
  const verdict = finding.pass === null ? "info" : finding.pass ? "pass" : "FAIL";
  console.log(`${verdict}  ${finding.what}: ${finding.result} (target ${finding.target})`);
  const file = process.env["CONCH_BENCH_RESULTS"];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(finding)}\n`);
}

/** Reports a ratio that should be at least, or at most, a limit. */
export function reportRatio(
  what: string,
  ratio: number,
  limit: { readonly atLeast: number } | { readonly atMost: number },
  detail: string,
): void {
  const [target, pass] =
    "atLeast" in limit
      ? [`≥ ${limit.atLeast}`, ratio >= limit.atLeast]
      : [`≤ ${limit.atMost}`, ratio <= limit.atMost];
  report({ what, target, pass, result: `${formatNumber(ratio)} (${detail})` });
}

/** A number with about three significant digits; thousands as k. */
export function formatNumber(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toPrecision(3)} M`;
  if (value >= 1e4) return `${(value / 1e3).toPrecision(3)} k`;
  return String(Number(value.toPrecision(3)));
}
