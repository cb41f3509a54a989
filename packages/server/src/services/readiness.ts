/** Whether this node should be sent requests, and how fresh its view of revocations is. */
import type { Database } from "../store/database.ts";
import type { ServerNode } from "./node.ts";

/** What a balancer, or a person, is told. */
export interface ReadinessReport {
  readonly status: "ready" | "draining" | "database_unavailable" | "lease_dead";
  /** How long ago the node's view was complete, milliseconds; `null` before the first time. */
  readonly view_age_ms: number | null;
  /** How long it may still be relied on without news, milliseconds. */
  readonly lease_left_ms: number;
  /** The last row of the change log that was applied. */
  readonly applied: number | null;
  /** The bound B, milliseconds. */
  readonly bound_ms: number;
}

/** Readiness. */
export interface Readiness {
  report(): Promise<ReadinessReport>;
  /** From now on this node is not ready: it is about to stop. */
  drain(): void;
  readonly isDraining: () => boolean;
}

const DATABASE_MS_MAX = 1000;

/** @param delay resolves after that many milliseconds. */
export function createReadiness(options: {
  readonly database: Database;
  readonly node: ServerNode;
  readonly boundMs: number;
  readonly delay: (ms: number) => Promise<void>;
}): Readiness {
  const { database, node, boundMs, delay } = options;
  let isDraining = false;

  async function isDatabaseThere(): Promise<boolean> {
    const query = database.db.selectFrom("change_head").select("seq").execute();
    const answered = query.then(
      () => true,
      () => false,
    );
    return Promise.race([answered, delay(DATABASE_MS_MAX).then(() => false)]);
  }

  async function status(): Promise<ReadinessReport["status"]> {
    if (isDraining) return "draining";
    if (!(await isDatabaseThere())) return "database_unavailable";
    return node.lease.isLive() || (await node.lease.ensure()) ? "ready" : "lease_dead";
  }

  return {
    async report() {
      const found = await status();
      // After it: what was found may have taken a renewal.
      const ageMs = node.lease.ageMs();
      return {
        status: found,
        view_age_ms: Number.isFinite(ageMs) ? Math.round(ageMs) : null,
        lease_left_ms: node.lease.leftMs(),
        applied: node.history.cursor()?.seq ?? null,
        bound_ms: boundMs,
      };
    },
    drain() {
      isDraining = true;
    },
    isDraining: () => isDraining,
  };
}
