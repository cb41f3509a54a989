import { parseTimestamp } from "@conch/contract/time";

import { describeFailure } from "./file-text.ts";
import { fingerprint } from "./fingerprint.ts";
import type { ProcessCredential } from "./profile.ts";
import { ProfileError } from "./profile-error.ts";

/** How a command ended. */
export type ProcessResult =
  | { readonly kind: "exited"; readonly exitCode: number; readonly stdout: string }
  | { readonly kind: "killed"; readonly signal: string }
  | { readonly kind: "timed-out" }
  | { readonly kind: "too-much-output" }
  | { readonly kind: "not-started"; readonly error: unknown };

/** Runs a command without a shell: stdin empty, stdout taken. */
export type RunProcess = (request: {
  readonly command: readonly string[];
  readonly timeoutMs: number;
  readonly stdoutBytesMax: number;
  /** Receives what it said on stderr, when it has ended; where `null`, the user sees it at once. */
  readonly onStderr: ((text: string) => void) | null;
  /** Added to the environment of the client. */
  readonly env: Readonly<Record<string, string>>;
}) => Promise<ProcessResult>;

/** Set for the command, so that one which runs `conch` with its own profile is told, and ends. */
export const RECURSION_VARIABLE = "CONCH_CREDENTIAL_PROCESS";

const TIMEOUT_MS = 60_000;
const STDOUT_BYTES_MAX = 64 * 1024;
/** A cached token is not used in its last seconds, so that it does not end on the way. */
const CACHE_MARGIN_MS = 10_000;

/** What a command printed. */
export interface ProcessToken {
  readonly value: string;
  /** Stated by the command; `null` where it stated none, and then nothing is cached. */
  readonly expiresAtMs: number | null;
}

/** Tells a cache that belongs to another command: profiles are edited by hand. */
export function commandFingerprint(command: readonly string[]): Promise<string> {
  return fingerprint(JSON.stringify(command));
}

/** Whether the cached token of a profile may be used still. */
export async function isCacheFresh(credential: ProcessCredential, nowMs: number): Promise<boolean> {
  const { cached, command } = credential;
  if (cached === null || cached.expiresAtMs - CACHE_MARGIN_MS <= nowMs) return false;
  return cached.commandFingerprint === (await commandFingerprint(command));
}

/**
 * Runs the `credential_process` of a profile. Its output never appears in an error.
 *
 * @throws ProfileError `credential_process_failed`
 */
export async function runCredentialProcess(
  name: string,
  command: readonly string[],
  options: {
    readonly run: RunProcess;
    readonly nowMs: number;
    readonly isNested: boolean;
    readonly note: ((text: string) => void) | null;
  },
): Promise<ProcessToken> {
  const fail = (why: string, cause?: unknown) =>
    new ProfileError(
      "credential_process_failed",
      `the credential_process of the profile "${name}" (${command[0] ?? ""}) ${why}`,
      'Run it by hand: it must print a token on one line, or {"token": …, "expires": …}.',
      { cause },
    );
  if (options.isNested) throw fail("runs conch, which would run it again, without end");
  const { note } = options;
  const result = await options.run({
    command,
    timeoutMs: TIMEOUT_MS,
    stdoutBytesMax: STDOUT_BYTES_MAX,
    onStderr: note && ((text) => note(`${command[0] ?? ""}: ${text}`)),
    env: { [RECURSION_VARIABLE]: name },
  });
  switch (result.kind) {
    case "not-started":
      throw fail(`could not be started: ${describeFailure(result.error)}`, result.error);
    case "timed-out":
      throw fail(`did not end within ${TIMEOUT_MS / 1000} s`);
    case "too-much-output":
      throw fail(`printed more than ${STDOUT_BYTES_MAX / 1024} KiB`);
    case "killed":
      throw fail(`was killed by ${result.signal}`);
    case "exited":
      if (result.exitCode !== 0) throw fail(`ended with exit code ${result.exitCode}`);
  }
  const token = parseOutput(result.stdout.trim());
  if (typeof token === "string") throw fail(token);
  if (token.expiresAtMs !== null && token.expiresAtMs <= options.nowMs) {
    throw fail("printed a token that has expired already");
  }
  return token;
}

/** The token, or what is wrong with the output. */
function parseOutput(output: string): ProcessToken | string {
  if (output === "") return "printed nothing";
  if (!output.startsWith("{")) {
    return isToken(output)
      ? { value: output, expiresAtMs: null }
      : "printed something else than one token";
  }
  let parsed: { token?: unknown; expires?: unknown };
  try {
    parsed = JSON.parse(output);
  } catch {
    return "printed something that begins like JSON and is none";
  }
  const { token, expires } = parsed;
  if (typeof token !== "string" || !isToken(token)) return 'printed JSON without a usable "token"';
  if (expires === undefined || expires === null) return { value: token, expiresAtMs: null };
  const expiresAtMs = typeof expires === "string" ? parseTimestamp(expires) : null;
  if (expiresAtMs === null) return 'printed JSON whose "expires" is no time (RFC 3339)';
  return { value: token, expiresAtMs };
}

/** Whether the text can go into a header: one word of visible ASCII. */
export function isToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}
