/** Waits until a revocation is known to be in force on every node and verifier. */
import type { RevocationReceipt } from "@conch/contract";
import { ApiError } from "../errors.ts";
import { readHead } from "../store/change-log.ts";
import type { Database } from "../store/database.ts";
import type { Clock } from "./clock.ts";
import type { ServerNode } from "./node.ts";

/** What a revocation has put into the change log. */
export interface Revocation {
  /** The row of the log; `null` where there was nothing left to revoke. */
  readonly seq: number | null;
}

/**
 * Nothing was left to revoke. What was found may be a revocation that is not replicated yet, so that
 * a wait takes a renewal that has the log's end, as it was seen then, in its history.
 */
export const NOTHING_REVOKED: Revocation = { seq: null };

/** Confirms revocations. */
export interface Confirmations {
  /**
   * Resolves when no lease can be live that began before the revocation: after 1.05 B at most.
   *
   * @throws ApiError `revocation_unconfirmed` where nothing was left to revoke and this node cannot
   *   prove that it will stay so.
   */
  confirm(revocation: Revocation): Promise<RevocationReceipt>;
}

/** Makes the service. */
export function createConfirmations(options: {
  readonly node: ServerNode;
  readonly database: Database;
  readonly clock: Clock;
  /** The bound B, milliseconds. */
  readonly boundMs: number;
  /** Told of each wait, for the metrics. */
  readonly onConfirmed: (proof: RevocationReceipt["proof"], waitedMs: number) => void;
}): Confirmations {
  const { node, database, clock, boundMs, onConfirmed } = options;
  return {
    async confirm({ seq }) {
      const sinceMs = clock.monotonicMs();
      const waited =
        seq === null
          ? await node.waitFrom(await readHead(database.db), sinceMs)
          : await node.wait(seq, sinceMs);
      if (waited === null) throw new ApiError("revocation_unconfirmed");
      const { proof, waitedMs, confirmed, holders } = waited;
      onConfirmed(proof, waitedMs);
      return { waited_ms: waitedMs, confirmed, holders, proof, bound_ms: boundMs };
    },
  };
}
