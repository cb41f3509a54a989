/** Waits until a revocation is known to be in force on every node and verifier. */
import type { RevocationReceipt } from "@conch/contract";
import type { Clock } from "./clock.ts";
import type { ServerNode } from "./node.ts";

/** What a revocation has put into the change log. */
export interface Revocation {
  /** The row of the log; `null` where there was nothing left to revoke. */
  readonly seq: number | null;
}

/** Nothing was appended: a wait then takes the log as it is. */
export const NOTHING_REVOKED: Revocation = { seq: null };

/** Confirms revocations. */
export interface Confirmations {
  /** Resolves when no lease can be live that began before the revocation: after 1.05 B at most. */
  confirm(revocation: Revocation): Promise<RevocationReceipt>;
}

/** Makes the service. */
export function createConfirmations(options: {
  readonly node: ServerNode;
  readonly clock: Clock;
  /** The bound B, milliseconds. */
  readonly boundMs: number;
  /** Told of each wait, for the metrics. */
  readonly onConfirmed: (proof: RevocationReceipt["proof"], waitedMs: number) => void;
}): Confirmations {
  const { node, clock, boundMs, onConfirmed } = options;
  return {
    async confirm({ seq }) {
      const { proof, waitedMs, confirmed, holders } = await node.wait(seq, clock.monotonicMs());
      onConfirmed(proof, waitedMs);
      return { waited_ms: waitedMs, confirmed, holders, proof, bound_ms: boundMs };
    },
  };
}
