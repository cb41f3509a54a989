/** Joins this process to the nodes of its installation: the bound, the lease, the way out. */
import type { ServeConfig } from "./config.ts";
import type { Context } from "./context.ts";
import { type Logger, describeError } from "./logging.ts";
import { SERVE_OPTIONS, wrongOption } from "./options.ts";
import { type ServerNode, createServerNode } from "./services/node.ts";
import { readBoundMs } from "./store/configuration.ts";
import type { Database, LeaseConnection } from "./store/database.ts";
import { DatabaseUnusableError } from "./store/errors.ts";
import { createLogSource } from "./store/member.ts";

/** This process as one of the nodes. */
export interface Membership {
  readonly node: ServerNode;
  /** The bound B, milliseconds. */
  readonly boundMs: number;
  /** Resolves when this process can no longer be a node and should end. */
  readonly expelled: Promise<DatabaseUnusableError>;
  /** Ends the lease, and takes the row away where nothing hangs on it. */
  leave(): Promise<void>;
}

/** @throws ConfigurationError where the database has another bound than the one asked for. */
export async function joinNodes(options: {
  readonly config: ServeConfig;
  readonly database: Database;
  readonly context: Context;
  readonly logger: Logger;
}): Promise<Membership> {
  const { config, database, context, logger } = options;
  const boundMs = await readBoundMs(database.db);
  if (config.boundMs !== null && config.boundMs !== boundMs) {
    const found = `the database has ${boundMs / 1000} s; change it with conchd bound`;
    throw wrongOption(SERVE_OPTIONS.bound, found);
  }
  const expelled = Promise.withResolvers<DatabaseUnusableError>();
  void database.unusable.then(expelled.resolve);
  const lease = watched(database.openLease(), expelled.resolve);
  const { clock, random, timers } = context;
  const node = createServerNode({
    database,
    source: createLogSource(lease, boundMs),
    edge: {
      clock: { monotonicMs: () => clock.monotonicMs(), wallMs: () => clock.nowMs() },
      timers,
      random: () => random.uniform(),
    },
    boundMs,
    entriesMax: config.cacheEntriesMax,
    createIncarnation: () => random.uuid(),
  });
  lease.onGrowth((hint) => {
    if (hint === null) {
      node.lease.wake();
      return;
    }
    node.hint(hint);
    node.lease.wakeSoon();
  });
  node.start();
  return {
    node,
    boundMs,
    expelled: expelled.promise,
    async leave() {
      const incarnation = node.lease.incarnation();
      node.close();
      node.holders.forgetEnded();
      // With verifiers that still hold a lease from here the row must stay: waits count on it.
      if (node.holders.count() === 0) await removeRow(database, incarnation, logger);
      await lease.close();
    },
  };
}

/** Tells of errors after which no later attempt can succeed: the bound is another, the file is gone. */
function watched(
  lease: LeaseConnection,
  onUnusable: (error: DatabaseUnusableError) => void,
): LeaseConnection {
  return {
    ...lease,
    async transaction(work, timeLimitMs) {
      try {
        return await lease.transaction(work, timeLimitMs);
      } catch (error) {
        if (error instanceof DatabaseUnusableError) onUnusable(error);
        throw error;
      }
    },
  };
}

async function removeRow(database: Database, incarnation: string, logger: Logger): Promise<void> {
  try {
    await database.db.deleteFrom("member").where("incarnation", "=", incarnation).execute();
  } catch (error) {
    // The other nodes remove it once it has not changed for two bounds.
    logger.log("warn", "member_not_removed", { cause: describeError(error) });
  }
}
