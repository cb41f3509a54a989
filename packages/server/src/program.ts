/** The command line of `conchd`. */
import { Command, Option } from "commander";
import { API_VERSION } from "@conch/contract";
import {
  DATABASE_OPTION,
  type OptionSpec,
  type RawOptions,
  SERVE_OPTIONS,
  readOption,
  withoutEmpty,
  wrongOption,
} from "./options.ts";
import { BOUND_MS_MAX, BOUND_MS_MIN } from "./store/configuration.ts";

/** What the command line does, given by `main.ts`. */
export interface Actions {
  serve(raw: RawOptions): Promise<void>;
  createUser(options: {
    readonly database: string;
    readonly email: string;
    readonly name?: string | undefined;
    readonly admin?: boolean | undefined;
    readonly passwordStdin?: boolean | undefined;
  }): Promise<void>;
  /** @param options.seconds absent: the bound is only shown. */
  bound(options: {
    readonly database: string;
    readonly seconds?: string | undefined;
  }): Promise<void>;
  exportAll(options: { readonly database: string }): Promise<void>;
  importAll(options: { readonly database: string; readonly replace: boolean }): Promise<void>;
}

/** Makes the parser; its actions run while it parses. */
export function createProgram(actions: Actions): Command {
  const program = new Command("conchd")
    .description("Issues, checks and revokes API tokens.")
    .version(`conchd ${API_VERSION}`, "--version")
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "show the help of a command")
    .showSuggestionAfterError()
    .showHelpAfterError("(conchd --help shows all options)")
    .addHelpText("after", () => `\n${environmentHelp()}`);

  const serve = program
    .command("serve")
    .description("serve the API")
    .action((options: RawOptions, command: Command) => {
      const isFromEnvironment = (name: string) => command.getOptionValueSource(name) === "env";
      return actions.serve(withoutEmpty(options, isFromEnvironment));
    });
  for (const spec of Object.values(SERVE_OPTIONS)) serve.addOption(toOption(spec));

  program
    .command("user")
    .description("manage users in the database itself")
    .command("create")
    .description("make a user; prints a generated password, once, unless one is given")
    .addOption(toOption(DATABASE_OPTION))
    .requiredOption("--email <address>", "the user's e-mail address")
    .option("--name <name>", "the user's name (default: the address)")
    .option("--admin", "make a system administrator")
    .option("--password-stdin", "read the password from standard input, one line")
    .action((options: Parameters<Actions["createUser"]>[0] & { readonly database?: string }) =>
      actions.createUser({ ...options, database: readDatabase(options.database) }),
    );
  addDatabaseCommands(program, actions);
  return program;
}

function addDatabaseCommands(program: Command, actions: Actions): void {
  program
    .command("bound")
    .description(
      "show the bound, or change it while no node is running: a revoked token is accepted nowhere " +
        "any longer than so many seconds after",
    )
    .summary("show or change how long a revoked token may live")
    .argument("[seconds]", `the new bound, from ${BOUND_MS_MIN / 1000} to ${BOUND_MS_MAX / 1000}`)
    .addOption(toOption(DATABASE_OPTION))
    .action((seconds: string | undefined, options: DatabaseOptions) =>
      actions.bound({ seconds, database: readDatabase(options.database) }),
    );
  program
    .command("export")
    .description(
      "write all data to standard output, as of one moment: one stream of JSON lines that ends with " +
        "counts and a checksum. It holds password hashes: keep it as safe as the database",
    )
    .summary("write all data to standard output")
    .addOption(toOption(DATABASE_OPTION))
    .action((options: DatabaseOptions) =>
      actions.exportAll({ database: readDatabase(options.database) }),
    );
  program
    .command("import")
    .description(
      "read an export from standard input into an empty database, of either kind, while no node is " +
        "running: all of it, or nothing if a row, a count or the checksum is wrong",
    )
    .summary("read an export from standard input")
    .addOption(toOption(DATABASE_OPTION))
    .option("--replace", "delete what the database holds first", false)
    .action((options: DatabaseOptions & { readonly replace: boolean }) =>
      actions.importAll({ replace: options.replace, database: readDatabase(options.database) }),
    );
}

/** As the parser has them. */
interface DatabaseOptions {
  readonly database?: string;
}

function readDatabase(text: string | undefined): string {
  const url = readOption(DATABASE_OPTION, text);
  if (url === undefined) throw wrongOption(DATABASE_OPTION, "is needed");
  return url;
}

/** Values are checked later, all in one way, so that a secret in one is never quoted. */
function toOption(spec: OptionSpec<unknown>): Option {
  const option = new Option(spec.flags, describe(spec)).env(spec.env);
  return spec.isList === true
    ? option.argParser((value: string, previous?: string) =>
        previous === undefined ? value : `${previous},${value}`,
      )
    : option;
}

function describe(spec: OptionSpec<unknown>): string {
  return spec.fallback === undefined
    ? spec.description
    : `${spec.description} (default: ${spec.fallback})`;
}

function environmentHelp(): string {
  const lines = Object.values(SERVE_OPTIONS).map(
    (spec) => `  ${spec.flags.padEnd(38)}${spec.env.padEnd(34)}${describe(spec)}`,
  );
  return [
    "Options of serve, each with its environment variable (--database is on every command):",
    ...lines,
    "",
    "Durations: 90d, 12h, 30m, 45s, 2w, 5y. Sizes: 1048576, 512k, 1m.",
  ].join("\n");
}
