/** Metrics in the text format of Prometheus. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { CanaryResult } from "./services/canary.ts";
import type { ServerNode } from "./services/node.ts";
import type { VerificationCounts } from "./services/verification-counts.ts";

/** What is measured. */
export interface Metrics {
  readonly countRequest: (method: string, route: string, status: number) => void;
  /** The count of such requests, for whoever answers too many to look it up each time. */
  readonly requestCount: (method: string, route: string, status: number) => RequestCount;
  /** A revocation that somebody waited for; milliseconds from its commit. */
  readonly observeRevocation: (proof: "confirmed" | "bound", waitedMs: number) => void;
  observeCanary(result: CanaryResult): void;
  /** Everything, as a page. */
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** What is read when somebody asks. */
export interface MetricsSources {
  readonly node: ServerNode;
  readonly boundMs: number;
  readonly cacheEntriesMax: number;
  readonly verifications: VerificationCounts;
  /** The last row of the change log; `null` where the database does not answer. */
  readonly readHead: () => Promise<number | null>;
  readonly memoryBytes: () => number;
}

const REVOCATION_BUCKETS_S = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30,
];

/** Makes them, all at zero. */
export function createMetrics(sources: MetricsSources): Metrics {
  const registry = new Registry();
  const registers = [registry];
  // Not prom-client's counters: their labels cost more than a whole verification.
  const requests = new Map<string, RequestCount>();
  registerCounts(registry, requests, sources.verifications);
  registerNode(registry, sources);
  const revocations = new Histogram({
    name: "conch_revocation_seconds",
    help: "From a revocation's commit until it was in force on every node and verifier",
    labelNames: ["proof"],
    buckets: REVOCATION_BUCKETS_S,
    registers,
  });
  const canary = registerCanary(registry);

  function requestCount(method: string, route: string, status: number): RequestCount {
    const key = `${method} ${route} ${status}`;
    let found = requests.get(key);
    if (found === undefined) requests.set(key, (found = { method, route, status, count: 0 }));
    return found;
  }

  return {
    requestCount,
    countRequest(method, route, status) {
      requestCount(method, route, status).count += 1;
    },
    observeRevocation(proof, waitedMs) {
      revocations.observe({ proof }, waitedMs / 1000);
    },
    observeCanary(result) {
      canary(result);
      if (result.refusedMs !== null) {
        revocations.observe({ proof: result.proof }, result.everywhereMs / 1000);
      }
    },
    async render() {
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

/** How many requests of one method to one route were answered with one status. */
export interface RequestCount {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  count: number;
}

function registerCounts(
  registry: Registry,
  requests: ReadonlyMap<string, RequestCount>,
  verifications: VerificationCounts,
): void {
  const answered = new Counter({
    name: "conch_requests_total",
    help: "Requests answered",
    labelNames: ["method", "route", "status"],
    registers: [],
    collect() {
      this.reset();
      for (const { method, route, status, count } of requests.values()) {
        this.inc({ method, route, status }, count);
      }
    },
  });
  const verified = new Counter({
    name: "conch_verifications_total",
    help: "Credentials checked, by outcome and by what decided",
    labelNames: ["outcome", "source"],
    registers: [],
    collect() {
      this.reset();
      for (const { outcome, source, count } of verifications.entries()) {
        this.inc({ outcome, source }, count);
      }
    },
  });
  registry.registerMetric(answered);
  registry.registerMetric(verified);
}

function registerNode(registry: Registry, sources: MetricsSources): void {
  const { node } = sources;
  const gauge = (name: string, help: string, read: () => number | Promise<number>) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        this.set(await read());
      },
    });
  gauge("conch_bound_seconds", "The bound B on revocation", () => sources.boundMs / 1000);
  gauge("conch_lease_live", "1 where cached decisions may be relied on", () =>
    Number(node.lease.isLive()),
  );
  gauge("conch_lease_age_seconds", "Since the node's view was last known to be complete", () =>
    Number.isFinite(node.lease.ageMs()) ? node.lease.ageMs() / 1000 : Number.NaN,
  );
  gauge("conch_lease_left_seconds", "Until the lease ends", () => node.lease.leftMs() / 1000);
  gauge(
    "conch_change_log_applied",
    "The last row of the change log that was applied",
    () => node.history.cursor()?.seq ?? Number.NaN,
  );
  gauge("conch_change_log_lag", "Rows of the change log that are not applied yet", async () => {
    const head = await sources.readHead();
    return head === null ? Number.NaN : Math.max(0, head - (node.history.cursor()?.seq ?? 0));
  });
  gauge("conch_holders", "Verifiers that hold a lease from this node", () => {
    node.holders.forgetEnded();
    return node.holders.count();
  });
  gauge("conch_cache_entries", "Credentials in memory", () => node.cache.size());
  gauge("conch_cache_entries_max", "At most so many", () => sources.cacheEntriesMax);
  gauge("process_resident_memory_bytes", "Resident memory", sources.memoryBytes);
}

function registerCanary(registry: Registry): (result: CanaryResult) => void {
  const registers = [registry];
  const refusal = new Gauge({
    name: "conch_canary_refusal_seconds",
    help: "From the commit that revoked the last canary to its refusal on this node",
    registers,
  });
  const runs = new Counter({
    name: "conch_canary_runs_total",
    help: "Canaries revoked, by whether they were refused within the bound",
    labelNames: ["result"],
    registers,
  });
  // Alerts are on their growth, and what is not there yet has not grown when it comes with a 1.
  for (const result of ["refused", "accepted"]) runs.inc({ result }, 0);
  return ({ refusedMs }) => {
    runs.inc({ result: refusedMs === null ? "accepted" : "refused" });
    refusal.set(refusedMs === null ? Number.POSITIVE_INFINITY : refusedMs / 1000);
  };
}
