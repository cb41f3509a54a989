/** `conchd`: the only reader of arguments, environment and signals. */
import { CommanderError } from "commander";
import { bound } from "./commands/bound.ts";
import { describeTransfer, exportAll, importAll } from "./commands/transfer.ts";
import { createUser } from "./commands/user-create.ts";
import { readServeConfig } from "./config.ts";
import { createContext } from "./context.ts";
import { describeError } from "./logging.ts";
import { ConfigurationError } from "./options.ts";
import { createProgram } from "./program.ts";
import { serve } from "./serve.ts";
import { NodesRunningError } from "./store/configuration.ts";
import { DatabaseUnavailableError, DatabaseUnusableError } from "./store/errors.ts";
import { TransferError } from "./store/transfer.ts";

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

/** An answer that was lost. */
class OutputError extends Error {
  override readonly name = "OutputError";
}

const program = createProgram({
  async serve(raw) {
    const server = await serve(readServeConfig(raw), createContext());
    // Before anybody is told: who reads that it listens may ask it to stop at once.
    const signalled = firstSignal();
    process.stdout.write(`conchd listening on ${server.url}\n`);
    const failure = await Promise.race([signalled, server.failed]);
    // A second signal means it.
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.once(signal, () => process.exit(EXIT_FAILURE));
    }
    await server.stop();
    if (failure instanceof Error) throw failure;
  },

  async createUser({ admin = false, passwordStdin = false, ...options }) {
    const password = passwordStdin ? await readLine() : null;
    const generated = await createUser({ ...options, isAdmin: admin, password }, createContext());
    const email = `Email: ${options.email}\n`;
    if (generated === null) return writeOut(email, "the user was made; only this answer is lost");
    const lost =
      "the user was made, and nobody knows the password: an administrator resets it with " +
      "conch admin user USER reset";
    return writeOut(`${email}Password: ${generated}\n`, lost);
  },

  async bound({ database, seconds }) {
    const holding = await bound({ database, seconds }, createContext());
    await writeOut(`Bound: ${holding} s\n`, `the bound is ${holding} s; only this answer is lost`);
  },

  async exportAll({ database }) {
    const write = (text: string) => writeOut(text, "the export is not whole");
    const transfer = await exportAll(database, write, createContext());
    process.stderr.write(describeTransfer("exported", transfer));
  },

  async importAll(options) {
    const transfer = await importAll(options, process.stdin, createContext());
    process.stderr.write(describeTransfer("imported", transfer));
  },
});

// What goes wrong is told by the write.
process.stdout.on("error", () => {});

/** @throws OutputError that says what is lost. */
function writeOut(text: string, lost: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error) reject(new OutputError(`standard output: ${error.message}: ${lost}`));
      else resolve();
    });
  });
}

function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });
}

async function readLine(): Promise<string> {
  const text = await Bun.stdin.text();
  const [line = ""] = text.split(/\r?\n/, 1);
  if (line === "") throw new ConfigurationError("--password-stdin: nothing was read");
  return line;
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  if (error instanceof ConfigurationError) {
    process.stderr.write(`conchd: ${error.message}\n`);
    return EXIT_USAGE;
  }
  if (error instanceof DatabaseUnusableError || error instanceof DatabaseUnavailableError) {
    process.stderr.write(`conchd: --database (CONCHD_DATABASE): ${error.message}\n`);
    return EXIT_FAILURE;
  }
  const own = [OutputError, TransferError, NodesRunningError];
  if (error instanceof Error && own.some((type) => error instanceof type)) {
    process.stderr.write(`conchd: ${error.message}\n`);
    return EXIT_FAILURE;
  }
  process.stderr.write(`conchd: ${describeError(error)}\n`);
  return EXIT_FAILURE;
}

function overrideExit(command: typeof program): void {
  command.exitOverride();
  for (const child of command.commands) overrideExit(child as typeof program);
}

overrideExit(program);
try {
  await program.parseAsync(process.argv);
  process.exit(0);
} catch (error) {
  process.exit(report(error));
}
