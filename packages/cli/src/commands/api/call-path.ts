import { CommandError, usageError } from "../../command-error.ts";
import type { CommandContext } from "../../command-context.ts";
import { connect } from "../../connect.ts";
import { EXIT } from "../../exit-codes.ts";
import { printableLines } from "../../output/style.ts";
import type { Result } from "../command.ts";

/** The argument of all raw calls. */
export const PATH_ARGUMENT = {
  summary: "the path below the API's URL, percent-encoded, with its query: /user/me",
} as const;

/** Calls any path with the credential in use, and hands the answer on as it came. */
export async function callPath(
  context: CommandContext,
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: string,
): Promise<Result> {
  if (body !== undefined && parse(body) === undefined) {
    throw usageError(
      "the body is not JSON",
      "quote it for the shell, or read it from stdin with -",
    );
  }
  rememberSecrets(context, body);
  const { client } = await connect(context);
  const { text, status } = await client.callRaw(method, path, body);
  // As it came, but for the secrets that were sent, should the server repeat them.
  const document = await context.masker.known(text.trim());
  if (document === "") return { json: null, text: "" };
  const json = parse(document);
  if (json !== undefined)
    return { json, jsonText: document, text: printableLines(JSON.stringify(json, null, 2)) };
  if (!context.globals.json) return { json: null, text: printableLines(document) };
  throw new CommandError(
    EXIT.unavailable,
    "incompatible_reply",
    `the server answered ${status} with something that is not JSON`,
    "without --json it is shown as it is",
  );
}

/** The body of a raw call: the argument, or stdin for `-`. */
export async function readBody(
  context: CommandContext,
  argument: string | undefined,
): Promise<string | undefined> {
  return argument === "-" ? context.stdin.readAll() : argument;
}

/** What stands where secrets stand in a body: a password for `POST /login`. */
function rememberSecrets({ masker }: CommandContext, body: string | undefined): void {
  if (body === undefined) return;
  JSON.parse(body, (name, value: unknown) => {
    if (typeof value === "string" && /password|secret|token/iu.test(name)) masker.remember(value);
    return value;
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
