import { ERRORS, type ErrorBody, type ErrorCode, type LogPosition } from "@conch/contract";

/** The texts that old clients and people's scripts look for; other codes say their title. */
const MESSAGES: Partial<Record<ErrorCode, string>> = {
  unauthorized: "Unauthorized",
  password_change_required: "Unauthorized",
  admin_required: "Must be system admin",
  not_found: "Not Found",
  duplicate_user: "duplicate user found",
  already_deactivated: "user was already deactivated",
  conflicting_parameters: "cannot use login_only and api_only together",
};

/** What an `ApiError` carries beside its code. */
export interface ApiErrorOptions {
  /** The public text; the code's own where absent. Never holds a secret or an internal detail. */
  readonly message?: string;
  /** The internal reason: for the log, never for the caller. */
  readonly cause?: unknown;
  /** The account in the way of a `duplicate_user`. */
  readonly user?: ErrorBody["user"];
  readonly headers?: Readonly<Record<string, string>>;
  /** The head of the change log as of which it is true that what was to be revoked is gone. */
  readonly goneAt?: LogPosition | undefined;
}

/** An answer that is not a success, by its stable code; `message` is public, `cause` is not. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: ErrorCode;
  readonly status: number;
  readonly user: ErrorBody["user"];
  readonly headers: Readonly<Record<string, string>>;
  readonly goneAt: LogPosition | undefined;

  constructor(code: ErrorCode, options: ApiErrorOptions = {}) {
    super(options.message ?? MESSAGES[code] ?? ERRORS[code].title, { cause: options.cause });
    this.code = code;
    this.status = ERRORS[code].status;
    this.user = options.user;
    this.headers = options.headers ?? {};
    this.goneAt = options.goneAt;
  }
}

const RETRY_MS = 1000;

/**
 * An error that asks the caller to come back, with `Retry-After` in whole seconds, at least 1.
 *
 * @param options.afterMs milliseconds; one second where it is not given.
 */
export function retryLater(
  code: "too_many_attempts" | "overloaded" | "database_unavailable" | "verification_unavailable",
  { afterMs = RETRY_MS, cause }: { readonly afterMs?: number; readonly cause?: unknown } = {},
): ApiError {
  const seconds = Math.max(1, Math.ceil(afterMs / 1000));
  return new ApiError(code, { cause, headers: { "retry-after": String(seconds) } });
}
