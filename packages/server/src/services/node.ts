/** This process as a node: what it knows of credentials, for how long, and the wait for the others. */
import {
  createNode,
  type ChangeRow,
  type Edge,
  type Hint,
  type LogSource,
  type LookUpResult,
  type Node,
  type TokenRecord,
} from "@conch/verify/core/index";
import type { Change, Database } from "../store/database.ts";
import type { Found } from "../store/lookup.ts";

/** The core's node; its look-ups take no more than the key, which is what the database has. */
export type ServerNode = Node<null>;

/** What the node is made of. */
export interface ServerNodeOptions {
  readonly database: Database;
  readonly source: LogSource;
  readonly edge: Edge;
  /** The bound B, milliseconds. */
  readonly boundMs: number;
  /** At most so many credentials are kept; about 520 bytes each. */
  readonly entriesMax: number;
  readonly createIncarnation: () => string;
  readonly onChange?: (row: ChangeRow) => void;
  /** Told of each look-up in the database. */
  readonly onLookUp?: () => void;
}

/** How long an unknown credential stays unknown without asking again, milliseconds. */
const UNKNOWN_KEPT_MS = 1000;

/** Makes the node; `start` begins its lease. */
export function createServerNode(options: ServerNodeOptions): ServerNode {
  const { database, onLookUp } = options;
  return createNode<null>({
    ...options,
    lookUpsMax: database.capabilities.lookUpsMax,
    async lookUp(key) {
      onLookUp?.();
      return toResult(await database.lookUp(key));
    },
    lookUpInBatch(key, receive) {
      onLookUp?.();
      database.lookUpInBatch({
        hash: key,
        receive: (found) => receive(found instanceof Error ? null : toResult(found)),
      });
    },
  });
}

function toResult({ position, credential }: Found): LookUpResult {
  const record = credential === null ? null : toRecord(credential);
  return { position, record, keepMs: UNKNOWN_KEPT_MS };
}

/** `null` for what no verification accepts, whatever the time. */
function toRecord({ token, user }: NonNullable<Found["credential"]>): TokenRecord | null {
  if (token.revokedAtMs !== null || user.deactivatedAtMs !== null) return null;
  const isSession = token.kind === "session";
  if (isSession && user.refuseSessionAuth) return null;
  return {
    tokenId: token.id,
    kind: token.kind,
    tokenName: token.name,
    rights: token.rights,
    createdAtMs: token.createdAtMs,
    expiresAtMs: token.expiresAtMs,
    passwordChangeRequired: isSession && user.forcePasswordChange,
    user: { id: user.id, email: user.email, name: user.name, isAdmin: user.isAdmin },
  };
}

/**
 * The database as services see it: what this node changes, it and its verifiers drop at once, before
 * the answer leaves.
 *
 * @param onChange told of each that is committed.
 */
export function forgettingOwnChanges(
  database: Database,
  node: ServerNode,
  onChange: (change: Hint) => void,
): Database {
  return {
    ...database,
    async write(work, settings) {
      let changes: readonly Change[] = [];
      const committed = await database.write(async (tx) => {
        const outcome = await work(tx);
        changes = outcome.changes;
        return outcome;
      }, settings);
      const firstSeq = (committed.seq ?? 0) - changes.length + 1;
      for (const [index, change] of changes.entries()) {
        const hint: Hint = {
          seq: firstSeq + index,
          kind: change.kind,
          tokenId: change.kind === "token" ? change.tokenId : null,
          userId: change.kind === "all" ? null : change.userId,
        };
        node.hint(hint);
        onChange(hint);
      }
      return committed;
    },
  };
}
