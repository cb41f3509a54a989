import { describeFault, type ClientError, type Fault } from "@conch/client/errors";
import { CommandError } from "../command-error.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { ProfileError } from "../profiles/profile-error.ts";

/** An error as it is shown, whatever it came from. */
export interface ShownError {
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

/** Makes any error showable. */
export function showError(error: unknown): ShownError {
  if (error instanceof CommandError) return error;
  if (error instanceof ProfileError) return error;
  // By name: the client is not loaded to show the errors of a command that does not use it.
  if (isClientError(error)) return showFault(error.request, error.fault);
  return {
    exitCode: EXIT.failed,
    code: "internal",
    message: `conch failed unexpectedly: ${error instanceof Error ? error.message : String(error)}`,
    hint: "this is a fault of conch: please report it with the output of the same command and --debug",
  };
}

function isClientError(error: unknown): error is ClientError {
  return error instanceof Error && error.name === "ClientError";
}

const EXIT_CODES: Readonly<Record<Fault["kind"], ExitCode>> = {
  invalid_request: EXIT.usage,
  unreachable: EXIT.unavailable,
  timeout: EXIT.unavailable,
  tls: EXIT.unavailable,
  unauthorized: EXIT.credential,
  forbidden: EXIT.forbidden,
  not_found: EXIT.notFound,
  refused: EXIT.failed,
  failing: EXIT.unavailable,
  incompatible_reply: EXIT.unavailable,
  incompatible_server: EXIT.failed,
};

function showFault(request: string, fault: Fault): ShownError {
  return {
    exitCode: EXIT_CODES[fault.kind],
    code: ("code" in fault ? fault.code : null) ?? CODES[fault.kind],
    message: messageOf(request, fault),
    hint: hintOf(fault),
  };
}

const CODES: Readonly<Record<Fault["kind"], string>> = {
  invalid_request: "usage",
  unreachable: "unreachable",
  timeout: "timeout",
  tls: "tls",
  unauthorized: "unauthorized",
  forbidden: "forbidden",
  not_found: "not_found",
  refused: "refused",
  failing: "server_failing",
  incompatible_reply: "incompatible_reply",
  incompatible_server: "incompatible_server",
};

function messageOf(request: string, fault: Fault): string {
  if (fault.kind === "invalid_request") return fault.reason;
  if ("text" in fault) return `${fault.text} (${fault.status}, ${request})`;
  return `${OPENINGS[fault.kind] ?? ""}${describeFault(fault)} (${request})`;
}

const OPENINGS: Partial<Record<Fault["kind"], string>> = {
  unreachable: "cannot reach the server: ",
  tls: "cannot reach the server: ",
  timeout: "the server does not answer: ",
};

function hintOf(fault: Fault): string | null {
  switch (fault.kind) {
    case "unreachable":
      return "check the URL (conch profile which shows it), the network, and that the server runs";
    case "tls":
      return "where the server's certificate is from an authority of your own, name it in NODE_EXTRA_CA_CERTS";
    case "timeout":
      return "try again, or give it longer with --timeout SECONDS";
    case "unauthorized":
      return fault.passwordChangeRequired
        ? "a new password must be set first: conch profile relogin"
        : "conch profile which --explain shows the credential in use; conch profile relogin or conch profile set token replaces it";
    case "forbidden":
      return fault.code === "insufficient_rights"
        ? "this token's rights do not cover it: use one made with --rights full"
        : "this needs a system administrator, or a credential with more rights";
    case "failing":
      return fault.retryAfterMs === null
        ? `try again later${requestIdOf(fault.requestId)}`
        : `try again in ${Math.ceil(fault.retryAfterMs / 1000)} s${requestIdOf(fault.requestId)}`;
    case "incompatible_reply":
      return "is this the URL of a Conch API? conch profile which shows it; --trace shows the answer";
    case "incompatible_server":
      return "use a conch of the server's major version";
    case "refused":
      return HINTS[fault.code ?? ""] ?? null;
    case "not_found":
    case "invalid_request":
      return null;
  }
  return fault satisfies never;
}

/** What to do about refusals that have a way out. */
const HINTS: Readonly<Record<string, string>> = {
  name_in_use: "choose another name, or remove that token first",
  weak_password: "choose another one; a few words that have nothing to do with each other are good",
  wrong_password: "type the current password again",
  invalid_expiry: "choose an earlier time, or leave it out: the server then decides",
  already_deactivated: "nothing is left to do",
};

function requestIdOf(requestId: string | null): string {
  return requestId === null ? "" : `; the server's log knows this request as ${requestId}`;
}
