/** What this node shows of itself: readiness, metrics, and the canary behind one of them. */
import type { Page } from "./app.ts";
import type { ServeConfig } from "./config.ts";
import type { Context } from "./context.ts";
import { type Logger, describeError } from "./logging.ts";
import type { Membership } from "./membership.ts";
import { type Metrics, createMetrics } from "./metrics.ts";
import { createMetricsPage } from "./routes/metrics-page.ts";
import { createHealthPages } from "./routes/pages.ts";
import { createCanary } from "./services/canary.ts";
import { type Readiness, createReadiness } from "./services/readiness.ts";
import {
  type VerificationCounts,
  createVerificationCounts,
} from "./services/verification-counts.ts";
import type { Database } from "./store/database.ts";

/** Observation. */
export interface Observation {
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  readonly verificationCounts: VerificationCounts;
  /** Health and metrics, for an address of their own. */
  readonly pages: Readonly<Record<string, Page>>;
  /** Revokes a canary, logs where something is wrong. Never rejects. */
  runCanary(): Promise<void>;
}

/** Whoever collects metrics gives up after a few seconds, and then has none of the others either. */
const HEAD_MS_MAX = 1000;

/** Makes it. */
export function createObservation(options: {
  readonly config: ServeConfig;
  readonly database: Database;
  readonly membership: Membership;
  readonly context: Context;
  readonly logger: Logger;
}): Observation {
  const { config, database, membership, context, logger } = options;
  const { node, boundMs } = membership;
  const verificationCounts = createVerificationCounts();
  const readiness = createReadiness({ database, node, boundMs, delay: context.delay });
  const metrics = createMetrics({
    node,
    boundMs,
    cacheEntriesMax: config.cacheEntriesMax,
    verifications: verificationCounts,
    readHead: () => Promise.race([readHead(database), context.delay(HEAD_MS_MAX).then(() => null)]),
    memoryBytes: context.memoryBytes,
  });
  const canary = createCanary({ ...context, database, node, boundMs });
  return {
    readiness,
    metrics,
    verificationCounts,
    pages: { ...createHealthPages(readiness), "/metrics": createMetricsPage(metrics, null) },
    async runCanary() {
      try {
        const result = await canary.run();
        if (result === null) return;
        metrics.observeCanary(result);
        if (result.refusedMs === null) logger.log("error", "canary_accepted_after_bound");
      } catch (error) {
        logger.log("warn", "canary_not_revoked", { cause: describeError(error) });
      }
    },
  };
}

async function readHead(database: Database): Promise<number | null> {
  try {
    const head = await database.db.selectFrom("change_head").select("seq").executeTakeFirst();
    return head?.seq ?? null;
  } catch {
    return null;
  }
}
