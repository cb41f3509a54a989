/**
 * What the rest of the store sees of a database. `dialect/sqlite.ts` and `dialect/postgres.ts` make
 * one; nothing else knows which it is.
 */
import type { Hint } from "@conch/verify/core/types";
import type { Compilable, Kysely, QueryResult, RawBuilder, Transaction } from "kysely";
import type { ChangeLogContext } from "./change-log.ts";
import type { DatabaseUnusableError } from "./errors.ts";
import type { LookUps } from "./lookup.ts";
import type { ChangeKind, Schema } from "./schema.ts";

/** What opening a database needs of the outside. */
export interface OpenContext extends ChangeLogContext {
  /** Whether it has to be one already: what is not there, or empty, is not made. */
  readonly mustExist?: boolean;
}

/** An entry for the change log; written as the transaction's last statement. */
export type Change =
  | {
      readonly kind: Extract<ChangeKind, "token">;
      readonly tokenId: string;
      readonly userId: string;
    }
  | { readonly kind: Extract<ChangeKind, "user">; readonly userId: string }
  | { readonly kind: Extract<ChangeKind, "all"> };

/** What a transaction returns: its result, and what verifications must learn of it. */
export interface Outcome<T> {
  readonly value: T;
  readonly changes: readonly Change[];
}

/** A committed transaction: its result, and the head of the log that its last change made. */
export interface Committed<T> {
  readonly value: T;
  /** `null` where nothing was appended. */
  readonly seq: number | null;
}

/** What a database can do beyond what both can; asked for by name, never by the database's name. */
export interface Capabilities {
  /** `FOR UPDATE SKIP LOCKED`. */
  readonly skipLocked: boolean;
  /** Last uses in one statement: few where a statement holds up the process, many where a round trip counts. */
  readonly usageRowsMax: number;
  /** Look-ups that may wait for answers at once; those of a database in this process wait for their turn only. */
  readonly lookUpsMax: number;
  /** The elements of a JSON array as rows with the column `value`, for a `from` clause. */
  readonly jsonElements: (json: string) => RawBuilder<unknown>;
  /**
   * The database's own wall clock, in milliseconds since the epoch; `null` where it has none but this
   * machine's.
   */
  readonly clockMs: RawBuilder<number> | null;
}

/** How a transaction is run. */
export interface WriteOptions {
  /** It waits for something slow, such as a stream: without limits on its time. */
  readonly isLong?: boolean;
}

/** @param hint what was committed, where the database tells; to be trusted for nothing. */
export type GrowthListener = (hint: Hint | null) => void;

/** Queries that go together. */
export type Batch = readonly Compilable[];

/** What each of them is answered. */
export type BatchResults<Queries extends Batch> = {
  readonly [K in keyof Queries]: Queries[K] extends Compilable<infer Row>
    ? QueryResult<Row>
    : never;
};

/** A connection that nothing else uses, for a node's lease. */
export interface LeaseConnection {
  /**
   * Runs `work` in one READ COMMITTED transaction and resolves after the answer to its COMMIT.
   *
   * @throws DatabaseUnavailableError, CommitUnconfirmedError where the database does not answer in
   *   time, or answers COMMIT with a warning; the connection is then closed and made anew.
   */
  transaction<T>(work: (tx: Transaction<Schema>) => Promise<T>, timeLimitMs: number): Promise<T>;
  /**
   * The same for queries that do not depend on each other's answers, in their order: where the
   * database is reached over a network they go in one flight, COMMIT included.
   */
  batch<Queries extends Batch>(
    compose: (db: Kysely<Schema>) => readonly [...Queries],
    timeLimitMs: number,
  ): Promise<BatchResults<Queries>>;
  /**
   * Calls `listener` soon after commits that appended to the log, by whichever node. It may be called
   * late, never, or for nothing.
   */
  onGrowth(listener: GrowthListener): void;
  /** Closed with the database, too. */
  close(): Promise<void>;
}

/** An open database with its schema up to date. */
export interface Database extends LookUps {
  /**
   * For reads, and for writes that no verification depends on. Each statement is a transaction of
   * its own; rejects with `UniqueViolationError` and `DatabaseUnavailableError`.
   */
  readonly db: Kysely<Schema>;
  readonly capabilities: Capabilities;
  /**
   * Runs `work` in one write transaction. Its changes are appended with the commit, so that the
   * log's order is the commits' order. A thrown error rolls back and is thrown on.
   *
   * @throws RevocationUnconfirmedError where there were changes and whether they were committed
   *   cannot be known.
   * @throws DatabaseUnavailableError where the database did not answer and nothing was committed,
   *   or nothing that a verification depends on.
   */
  write<T>(
    work: (tx: Transaction<Schema>) => Promise<Outcome<T>>,
    options?: WriteOptions,
  ): Promise<Committed<T>>;
  /** Opens the connection that a node renews its lease on. */
  openLease(): LeaseConnection;
  /**
   * Resolves when this process can never use the database again: it should end. (SQLite: another
   * file was put in its place.)
   */
  readonly unusable: Promise<DatabaseUnusableError>;
  /** Reads that see one state of the database, however long they take. */
  snapshot<T>(work: (tx: Transaction<Schema>) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
