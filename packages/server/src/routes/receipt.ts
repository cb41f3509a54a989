import type { RevocationReceipt } from "@conch/contract";
import { ApiError } from "../errors.ts";
import { noContent } from "../http/implementation.ts";
import type { Confirmations, Revocation } from "../services/confirmation.ts";

/** How routes that take something away answer. */
export interface RevocationAnswer {
  /** Runs the revocation; waits for it to be in force everywhere where `wait` is set. */
  (
    query: { readonly wait: boolean },
    revoke: () => Promise<Revocation & { readonly headers?: Readonly<Record<string, string>> }>,
  ): Promise<
    | { readonly status: 204; readonly headers: Readonly<Record<string, string>> }
    | {
        readonly status: 200;
        readonly body: RevocationReceipt;
        readonly headers: Readonly<Record<string, string>>;
      }
  >;
}

/** 204, or with `wait=1` a receipt. */
export function createRevocationAnswer(confirmations: Confirmations): RevocationAnswer {
  return async ({ wait }, revoke) => {
    if (!wait) return noContent((await revoke()).headers);
    try {
      const revocation = await revoke();
      const body = await confirmations.confirm(revocation);
      return { status: 200, body, headers: revocation.headers ?? {} };
    } catch (error) {
      // Gone already: perhaps by a request whose answer was lost, so that the caller must not be
      // told before that is in force either.
      const goneAt = error instanceof ApiError ? error.goneAt : undefined;
      if (goneAt !== undefined) await confirmations.confirm({ seq: null, goneAt });
      throw error;
    }
  };
}
