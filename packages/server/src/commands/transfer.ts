import { type Context, storeContext } from "../context.ts";
import { openDatabase } from "../store/open-database.ts";
import { exportDatabase, importDatabase, TransferError, type Transfer } from "../store/transfer.ts";
import { createPause } from "./pause.ts";

/** Writes all data of a database as lines. */
export async function exportAll(
  databaseUrl: string,
  write: (line: string) => Promise<void>,
  context: Context,
): Promise<Transfer> {
  const database = await openDatabase(databaseUrl, { ...storeContext(context), mustExist: true });
  try {
    return await exportDatabase(database, write);
  } finally {
    await database.close();
  }
}

/**
 * Reads what `exportAll` wrote into a database. Takes the bound's time more where rows of nodes are
 * left that were killed.
 *
 * @throws TransferError, NodesRunningError; nothing was changed then.
 */
export async function importAll(
  options: { readonly database: string; readonly replace: boolean },
  input: AsyncIterable<Uint8Array>,
  context: Context,
): Promise<Transfer> {
  const database = await openDatabase(options.database, storeContext(context));
  try {
    const { replace } = options;
    const pause = createPause(context);
    return await importDatabase(database, splitLines(input), { replace, pause });
  } finally {
    await database.close();
  }
}

/**
 * What a person reads of a transfer.
 *
 * @param verb `exported` or `imported`.
 */
export function describeTransfer(verb: string, { counts, sha256 }: Transfer): string {
  const rows = Object.entries(counts).map(([table, count]) => `  ${table.padEnd(16)}${count}\n`);
  return `${verb}:\n${rows.join("")}  ${"sha256".padEnd(16)}${sha256}\n`;
}

/** Lines without their ends. Other separators that text may hold (U+2028) end no line here. */
async function* splitLines(input: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  for await (const chunk of input) {
    const lines = (rest + decode(decoder, chunk)).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  rest += decode(decoder);
  if (rest !== "") yield rest;
}

function decode(decoder: TextDecoder, chunk?: Uint8Array): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch (error) {
    throw new TransferError("the stream is not UTF-8 text", { cause: error });
  }
}
