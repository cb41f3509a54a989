/**
 * What is said to have changed, before the log tells. To forget an entry is always safe: a hint may be
 * late, lost, repeated or wrong. It proves nothing, so that it moves no cursor and extends no lease.
 */
import type { ChangeSubject } from "./types.ts";

/** The last hints. */
export interface Hints {
  add(hint: ChangeSubject): void;
  /** How many there were. */
  count(): number;
  /** Whether one of those after the first `count` names the token, its user or everything. */
  nameSince(count: number, tokenId: string, userId: string): boolean;
}

/** So many are remembered. Whatever else was hinted at is told by the log a moment later. */
const REMEMBERED = 64;

/** Makes an empty memory. */
export function createHints(): Hints {
  let hints: ChangeSubject[] = [];
  let count = 0;
  return {
    add(hint) {
      count += 1;
      hints = [...hints.slice(1 - REMEMBERED), hint];
    },
    count: () => count,
    nameSince: (from, tokenId, userId) =>
      from < count && hints.slice(from - count).some((hint) => isNamedBy(hint, tokenId, userId)),
  };
}

function isNamedBy(hint: ChangeSubject, tokenId: string, userId: string): boolean {
  if (hint.kind === "token") return hint.tokenId === tokenId;
  return hint.kind === "all" || hint.userId === userId;
}
