/** What this node hands down to verifiers: changes with a share of its lease, and single tokens. */
import {
  type ChangesReply,
  type ChangesRequest,
  type Dropped,
  type LogRow,
  type LookUpReply,
  type LookUpRequest,
  type UsageReport,
  toTimestamp,
} from "@conch/contract";
import {
  type ChangeRow,
  type ChangeSubject,
  type Entry,
  keyOfHash,
} from "@conch/verify/core/index";
import { retryLater } from "../errors.ts";
import type { Clock } from "./clock.ts";
import type { ServerNode } from "./node.ts";
import type { SessionJwts } from "./session-jwt.ts";
import type { UsageCollector } from "./usage.ts";
import { claimOf, credentialHash } from "./verification.ts";

/** Serves verifiers. */
export interface DelegationService {
  /**
   * @param tell called, before it resolves, with what the verifier had better forget now.
   * @throws ApiError 503 where this node does not know either.
   */
  changes(request: ChangesRequest, tell: (dropped: Dropped) => void): Promise<ChangesReply>;
  /** The holder has ended its lease. */
  leave(holder: string): void;
  /** @throws ApiError 503 where it cannot be known. */
  lookUp(request: LookUpRequest): Promise<LookUpReply>;
  reportUsage(report: UsageReport): void;
}

/** What a verifier asks about. */
interface Subject {
  readonly hash: Uint8Array;
  readonly kind: Entry["kind"];
}

/** @param advertisedUrl where this very node is reached; `null` where that is not to be used. */
export function createDelegationService(options: {
  readonly node: ServerNode;
  readonly clock: Clock;
  readonly sessionJwts: SessionJwts;
  readonly usage: UsageCollector;
  readonly advertisedUrl: string | null;
}): DelegationService {
  const { node, clock, sessionJwts, usage, advertisedUrl } = options;

  /** API tokens by hash; sessions by their JWT, because what names their row is no secret. */
  function subjectOf(request: LookUpRequest): Subject {
    if ("hash" in request) return { hash: Buffer.from(request.hash, "base64url"), kind: "api" };
    const claim = claimOf(request.token, sessionJwts);
    return { hash: credentialHash(claim?.text ?? request.token), kind: claim?.kind ?? "api" };
  }

  return {
    async changes(request, tell) {
      const answer = await node.feed.answer(request, (change) => tell(toDropped(change)));
      if (answer === null) throw retryLater("verification_unavailable");
      return {
        poll: answer.poll,
        from: answer.from,
        head: answer.head,
        reset: answer.reset,
        rows: answer.rows.map(toLogRow),
        left_ms: answer.leftMs,
        bound_ms: answer.boundMs,
        node_url: advertisedUrl,
      };
    },

    leave: (holder) => node.feed.release(holder),

    async lookUp(request) {
      const { hash, kind } = subjectOf(request);
      const found = await node.checker.lookUp(keyOfHash(hash), null, request.seq);
      if (found === null) throw retryLater("verification_unavailable");
      const { position, entry, keepMs } = found;
      if (entry === null || entry.kind !== kind) return { position, token: null, keep_ms: keepMs };
      return { position, token: toFacts(entry, clock), keep_ms: 0 };
    },

    reportUsage({ uses }) {
      const nowMs = clock.nowMs();
      for (const { token_id: tokenId, age_ms: ageMs } of uses) usage.record(tokenId, nowMs - ageMs);
    },
  };
}

function toDropped({ kind, tokenId, userId }: ChangeSubject): Dropped {
  return { kind, token_id: tokenId, user_id: userId };
}

function toLogRow({ seq, uid, ...change }: ChangeRow): LogRow {
  return { seq, uid, ...toDropped(change) };
}

function toFacts(entry: Entry, clock: Clock): NonNullable<LookUpReply["token"]> {
  const { user } = entry;
  return {
    token_id: entry.tokenId,
    kind: entry.kind,
    name: entry.tokenName,
    rights: entry.rights,
    created: toTimestamp(entry.createdAtMs),
    expires: toTimestamp(entry.expiresAtMs),
    expires_in_ms: Math.floor(entry.expiresAtMonotonicMs - clock.monotonicMs()),
    password_change_required: entry.passwordChangeRequired,
    user: { id: user.id, email: user.email, name: user.name, is_admin: user.isAdmin },
  };
}
