/** Waits until a revocation is known to be in force on every node and verifier. */
import type { LogPosition, RevocationReceipt } from "@conch/contract";
import type { Transaction } from "kysely";
import { ApiError } from "../errors.ts";
import { readHead } from "../store/change-log.ts";
import type { Committed, Database, Outcome } from "../store/database.ts";
import {
  CommitUnconfirmedError,
  DatabaseUnavailableError,
  RevocationUnconfirmedError,
} from "../store/errors.ts";
import type { Schema } from "../store/schema.ts";
import type { Clock } from "./clock.ts";
import type { ServerNode } from "./node.ts";

/** Where in the change log a revocation is. */
export interface Revocation {
  /** Its own row; `null` where there was nothing left to revoke. */
  readonly seq: number | null;
  /**
   * The head of the log as of which nothing was left. What was found may be a revocation that is not
   * replicated yet, so that a wait takes a renewal that has this row in its history.
   */
  readonly goneAt?: LogPosition | undefined;
}

/**
 * `Database.write` for what takes something away. Whoever asks is told that it is gone, be it by this
 * transaction or an earlier one: the commit counts in either case.
 *
 * @param work writes in any case, if only to lock a row: a commit without a write waits for no standby.
 * @throws RevocationUnconfirmedError where whether it was committed cannot be known.
 */
export function writeRevocation<T>(
  database: Database,
  work: (tx: Transaction<Schema>) => Promise<Outcome<T>>,
): Promise<Committed<T>> {
  return database.write(work).catch((error: unknown) => {
    const { cause } = error instanceof DatabaseUnavailableError ? error : {};
    if (!(cause instanceof CommitUnconfirmedError)) throw error;
    throw new RevocationUnconfirmedError(cause.message, { cause });
  });
}

/**
 * Runs a transaction that takes something away. Where it finds nothing left, it also reads the head
 * of the log: on the same server, and after what it found.
 *
 * @param work writes in any case, as for `writeRevocation`.
 * @throws ApiError as `work` does; one that says that it is gone (404, 410) tells as of when.
 */
export async function runRevocation<T>(
  database: Database,
  work: (tx: Transaction<Schema>) => Promise<Outcome<T>>,
): Promise<{ readonly value: T; readonly revocation: Revocation }> {
  const { value: ended, seq } = await writeRevocation(database, async (tx) => {
    const end = await work(tx).catch(requireGone);
    const changes = end instanceof ApiError ? [] : end.changes;
    return { value: { end, goneAt: changes.length > 0 ? undefined : await readHead(tx) }, changes };
  });
  const { end, goneAt } = ended;
  if (end instanceof ApiError) throw new ApiError(end.code, { message: end.message, goneAt });
  return { value: end.value, revocation: { seq, goneAt } };
}

function requireGone(error: unknown): ApiError {
  if (error instanceof ApiError && (error.status === 404 || error.status === 410)) return error;
  throw error;
}

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
  readonly clock: Clock;
  /** The bound B, milliseconds. */
  readonly boundMs: number;
  /** Told of each wait, for the metrics. */
  readonly onConfirmed: (proof: RevocationReceipt["proof"], waitedMs: number) => void;
}): Confirmations {
  const { node, clock, boundMs, onConfirmed } = options;
  return {
    async confirm({ seq, goneAt }) {
      const sinceMs = clock.monotonicMs();
      let waited = seq === null ? null : await node.wait(seq, sinceMs);
      if (goneAt !== undefined) waited = await node.waitFrom(goneAt, sinceMs);
      if (waited === null) throw new ApiError("revocation_unconfirmed");
      const { proof, waitedMs, confirmed, holders } = waited;
      onConfirmed(proof, waitedMs);
      return { waited_ms: waitedMs, confirmed, holders, proof, bound_ms: boundMs };
    },
  };
}
