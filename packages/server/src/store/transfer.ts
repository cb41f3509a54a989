/**
 * All data as one stream of lines, from one database to another of either kind: a header, a row a
 * line, and at the end the counts and a checksum of all that precedes. What belongs to the running of
 * one installation stays behind: the change log, the members.
 */
import { createHash, type Hash } from "node:crypto";
import { sql, type Kysely, type RawBuilder, type SqlBool, type Transaction } from "kysely";
import { findBoundMs, writeWithoutNodes } from "./configuration.ts";
import type { Database } from "./database.ts";
import { DatabaseUnavailableError } from "./errors.ts";
import { SCHEMA_VERSIONS } from "./migrations/index.ts";
import type { Schema } from "./schema.ts";
import { decodeRow, encodeRow, TRANSFERRED, type TransferredTable } from "./transfer-rows.ts";

const FORMAT = 1;
const PAGE = 1_000;
/** PostgreSQL takes 65,535 parameters a statement. */
const INSERTED_AT_ONCE = 500;

/** How many rows of each table. */
export type Counts = Readonly<Record<TransferredTable, number>>;

/** What was exported or imported. */
export interface Transfer {
  readonly counts: Counts;
  /** SHA-256 of all lines but the last, in hex; the same for the same data in either database. */
  readonly sha256: string;
}

/** The stream is not one that this program can import; nothing was changed. */
export class TransferError extends Error {
  override readonly name = "TransferError";
}

/**
 * Writes all data, as of one moment.
 *
 * @param write takes a line with its end; waited for, so that a slow reader is not run over.
 */
export function exportDatabase(
  database: Database,
  write: (line: string) => Promise<void>,
): Promise<Transfer> {
  return database.snapshot(async (tx) => {
    const hash = createHash("sha256");
    const counts: Record<TransferredTable, number> = emptyCounts();
    const writeLine = async (value: unknown): Promise<void> => {
      const line = `${JSON.stringify(value)}\n`;
      hash.update(line);
      await write(line);
    };
    await writeLine({ conch_export: FORMAT, schema: SCHEMA_VERSIONS.at(-1) });
    for (const table of TABLES) {
      for await (const row of readTable(tx, table)) {
        await writeLine({ table, row: encodeRow(table, row) });
        counts[table] += 1;
      }
    }
    const sha256 = hash.digest("hex");
    await write(`${JSON.stringify({ end: { counts, sha256 } })}\n`);
    return { counts, sha256 };
  });
}

/** In an order in which no row refers to a later one. */
const TABLES = Object.keys(TRANSFERRED) as TransferredTable[];

function emptyCounts(): Record<TransferredTable, number> {
  return Object.fromEntries(TABLES.map((table) => [table, 0])) as Record<TransferredTable, number>;
}

/** A table's rows in the order of its key, page by page. */
async function* readTable(
  tx: Kysely<Schema>,
  table: TransferredTable,
): AsyncGenerator<Record<string, unknown>> {
  const { key } = TRANSFERRED[table];
  // The builder's types follow one table at a time, not any of several.
  const from = (tx as unknown as Kysely<Record<string, Record<string, string>>>).selectFrom(table);
  let last: Record<string, unknown> | undefined;
  for (;;) {
    let query = from.selectAll().limit(PAGE);
    for (const column of key) query = query.orderBy(column);
    if (last !== undefined) query = query.where(isAfter(key, last));
    const rows: Record<string, unknown>[] = await query.execute();
    yield* rows;
    last = rows.at(-1);
    if (rows.length < PAGE) return;
  }
}

/** The row's key is greater than that of the last one read. */
function isAfter(
  key: readonly string[],
  last: Readonly<Record<string, unknown>>,
): RawBuilder<SqlBool> {
  const columns = sql.join(key.map((column) => sql.ref(column)));
  const values = sql.join(key.map((column) => last[column]));
  return sql<SqlBool>`(${columns}) > (${values})`;
}

/**
 * Reads a stream that `exportDatabase` wrote into an empty database, in one transaction: all of it or
 * nothing. Whatever verifications knew of the database before is void afterwards, and the bound is
 * the exported one, which no node goes by that is running: each import needs that there is none.
 *
 * @param options.replace delete what the database holds, which must be empty otherwise.
 * @param options.pause resolves after that many milliseconds; called where rows of nodes are left.
 * @throws NodesRunningError where a node is running; the stream was not read.
 * @throws TransferError that says what is wrong with the stream, and in which line; or that the
 *   database is not empty.
 */
export async function importDatabase(
  database: Database,
  lines: AsyncIterable<string>,
  options: { readonly replace: boolean; readonly pause: (ms: number) => Promise<void> },
): Promise<Transfer> {
  const importLines = async (tx: Transaction<Schema>): Promise<Transfer> => {
    if (options.replace) await deleteAll(tx);
    else await assertEmpty(tx);
    const transfer = await insertLines(tx, lines);
    if ((await findBoundMs(tx)) === null) {
      throw new TransferError(
        "it holds no bound that can be used: conchd bound, then export again",
      );
    }
    return transfer;
  };
  return writeWithoutNodes(database, options.pause, importLines, { isLong: true });
}

async function deleteAll(tx: Transaction<Schema>): Promise<void> {
  for (const table of TABLES.toReversed()) await tx.deleteFrom(table).execute();
}

async function assertEmpty(tx: Transaction<Schema>): Promise<void> {
  const user = await tx.selectFrom("user_account").select("id").limit(1).executeTakeFirst();
  if (user !== undefined) {
    throw new TransferError("the database is not empty; --replace deletes what it holds first");
  }
  // What every new database has of its own.
  await tx.deleteFrom("configuration").execute();
}

interface Batch {
  readonly table: TransferredTable;
  readonly rows: Record<string, unknown>[];
}

async function insertLines(
  tx: Transaction<Schema>,
  lines: AsyncIterable<string>,
): Promise<Transfer> {
  const hash = createHash("sha256");
  const counts = emptyCounts();
  let batch: Batch = { table: "configuration", rows: [] };
  let number = 0;
  let end: Transfer | null = null;

  async function insertBatch(): Promise<void> {
    const { table, rows } = batch;
    batch = { table, rows: [] };
    if (rows.length === 0) return;
    const insert = tx.insertInto(table).values(rows as never);
    await insert.execute().catch((error: unknown) => {
      if (error instanceof DatabaseUnavailableError) throw error;
      const options = { cause: error };
      throw new TransferError(`line ${number}, or before: a ${table} cannot be stored`, options);
    });
  }

  for await (const line of lines) {
    number += 1;
    if (end !== null) throw new TransferError(`line ${number}: there is more after the end`);
    const value = parseLine(line, number);
    if (number === 1) assertHeader(value);
    else if ("end" in value) {
      end = checkEnd(value["end"], hash, counts);
      continue;
    } else {
      const { table, row } = readRow(value, number);
      if (batch.table !== table || batch.rows.length >= INSERTED_AT_ONCE) await insertBatch();
      if (batch.table !== table) batch = { table, rows: [] };
      batch.rows.push(row);
      counts[table] += 1;
    }
    hash.update(`${line}\n`);
  }
  if (end === null) throw new TransferError("the stream is cut off: its last line is missing");
  await insertBatch();
  return end;
}

function parseLine(line: string, number: number): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below, as anything else that is no line of ours.
  }
  throw new TransferError(`line ${number}: not a line of an export`);
}

function assertHeader(header: Record<string, unknown>): void {
  if (header["conch_export"] !== FORMAT) throw new TransferError("line 1: not an export of conchd");
  const schema = SCHEMA_VERSIONS.at(-1);
  if (header["schema"] !== schema) {
    throw new TransferError(
      `line 1: exported with the schema ${JSON.stringify(header["schema"])}, this program has ` +
        `"${schema}": export and import with the same version of conchd`,
    );
  }
}

function readRow(
  value: Record<string, unknown>,
  number: number,
): { table: TransferredTable; row: Record<string, unknown> } {
  const table = TABLES.find((name) => name === value["table"]);
  if (table === undefined) throw new TransferError(`line ${number}: an unknown table`);
  try {
    return { table, row: decodeRow(table, value["row"]) };
  } catch (error) {
    const fault = error instanceof Error ? error.message : "unusable";
    throw new TransferError(`line ${number}: ${fault}`, { cause: error });
  }
}

function checkEnd(value: unknown, hash: Hash, counts: Counts): Transfer {
  const sha256 = hash.digest("hex");
  const end = value as Partial<Transfer> | null;
  const isComplete = TABLES.every((table) => end?.counts?.[table] === counts[table]);
  if (!isComplete) throw new TransferError("the stream does not hold the rows that its end counts");
  if (end?.sha256 !== sha256) throw new TransferError("the stream was changed: wrong checksum");
  return { counts, sha256 };
}
