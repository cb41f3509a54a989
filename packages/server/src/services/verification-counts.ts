/** Counts verifications, for the metrics: plain numbers, because every one passes here. */
import type { Decision } from "@conch/verify/core/index";

/** What a verification came to. */
export type VerificationOutcome = Decision["outcome"];

/** What decided it: the entry in memory, a look-up, or the credential's form alone. */
export type VerificationSource = "cache" | "database" | "form";

/** How often each outcome came from each source. */
export interface VerificationCounts {
  count(outcome: VerificationOutcome, source: VerificationSource): void;
  /** All counts so far. */
  entries(): readonly {
    readonly outcome: VerificationOutcome;
    readonly source: VerificationSource;
    readonly count: number;
  }[];
}

const OUTCOMES: readonly VerificationOutcome[] = ["ok", "forbidden", "invalid", "unavailable"];
const SOURCES: readonly VerificationSource[] = ["cache", "database", "form"];

/** All counts at zero. */
export function createVerificationCounts(): VerificationCounts {
  const create = () => ({ cache: 0, database: 0, form: 0 });
  const counts: Record<VerificationOutcome, Record<VerificationSource, number>> = {
    ok: create(),
    forbidden: create(),
    invalid: create(),
    unavailable: create(),
  };
  return {
    count(outcome, source) {
      counts[outcome][source] += 1;
    },
    entries: () =>
      OUTCOMES.flatMap((outcome) =>
        SOURCES.map((source) => ({ outcome, source, count: counts[outcome][source] })),
      ),
  };
}
