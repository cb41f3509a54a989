import type { RevocationReceipt } from "@conch/contract/revocation";
import type { CommandContext } from "./command-context.ts";
import type { Option } from "./commands/command.ts";

/** The option of every command that takes tokens or logins away. */
export const WAIT_OPTION = {
  summary: "answer only when what was revoked is accepted nowhere any more",
} as const satisfies Option;

/** A wait may last the whole bound of the server, however long that is. */
const WAIT_TIMEOUT_MS = 300_000;

/** What a request with or without `--wait` is sent with. */
export function waitInput(context: CommandContext, wait: boolean) {
  const isLimited = context.globals.timeout !== undefined;
  return {
    query: wait ? { wait: "1" } : {},
    timeoutMs: wait && !isLimited ? WAIT_TIMEOUT_MS : undefined,
  };
}

/**
 * The receipt of a revocation: `null` where it was not waited for. A server that knows no receipts
 * answers without one; then the user is told that nothing was proven.
 */
export function receiptOf(
  context: CommandContext,
  wait: boolean,
  body: RevocationReceipt | undefined,
): RevocationReceipt | null {
  if (wait && body === undefined) {
    context.note("this server does not say when a revocation is in force everywhere");
  }
  return wait ? (body ?? null) : null;
}

/** How a revocation is known to be in force, as one line for people; `""` without a receipt. */
export function receiptLine(receipt: RevocationReceipt | null): string {
  if (receipt === null) return "";
  const { waited_ms: waitedMs, confirmed, holders, proof, bound_ms: boundMs } = receipt;
  const start = `\nin force everywhere after ${waitedMs} ms`;
  const count = `${confirmed} of ${holders} known ${holders === 1 ? "holder" : "holders"} confirmed`;
  return proof === "confirmed"
    ? `${start}: ${count}${endedLeases(holders - confirmed)}`
    : `${start}: ${count}; the proof is the bound of ${boundMs / 1000} s, after which nothing accepts it`;
}

/** What became of the holders that did not confirm, where that is known of all. */
function endedLeases(others: number): string {
  if (others <= 0) return "";
  return others === 1
    ? "; the lease of the other has ended"
    : "; the leases of the others have ended";
}
