/**
 * Every error that the server can answer, by its stable code. Texts may change, codes never do.
 * Each has a page in `docs/errors/`.
 */
export const ERRORS = {
  invalid_json: { status: 400, title: "The body is not JSON" },
  invalid_request: { status: 400, title: "The request does not have the right shape" },
  invalid_identifier: { status: 400, title: "Not a UUID and not email=ADDRESS" },
  invalid_token_name: { status: 400, title: "Not a usable token name" },
  invalid_expiry: { status: 400, title: "The expiry is in the past or too far ahead" },
  unknown_parameter: { status: 400, title: "A query parameter that this route does not know" },
  conflicting_parameters: { status: 400, title: "Query parameters that contradict each other" },
  name_in_use: { status: 400, title: "A live token of that name exists" },
  weak_password: { status: 400, title: "The password policy refuses this password" },
  wrong_password: { status: 400, title: "current_password is not the current password" },
  unauthorized: { status: 401, title: "No credential, or one that is not accepted" },
  password_change_required: { status: 401, title: "A new password must be set first" },
  admin_required: { status: 403, title: "Only for system administrators" },
  insufficient_rights: { status: 403, title: "The token's rights do not cover this" },
  session_required: { status: 403, title: "Only for login sessions, not for API tokens" },
  not_found: { status: 404, title: "No such thing" },
  method_not_allowed: { status: 405, title: "This path has other methods" },
  request_timeout: { status: 408, title: "The body took too long to arrive" },
  duplicate_user: { status: 409, title: "An active user has that e-mail address" },
  already_deactivated: { status: 410, title: "The user was deactivated before" },
  body_too_large: { status: 413, title: "The body is over the limit" },
  unsupported_media_type: { status: 415, title: "The body is not of the type this route takes" },
  too_many_attempts: { status: 429, title: "Too many failed logins for this account from here" },
  internal: { status: 500, title: "A fault of the server" },
  overloaded: { status: 503, title: "Too much is waiting already; try again" },
  database_unavailable: { status: 503, title: "The database does not answer" },
  verification_unavailable: {
    status: 503,
    title: "Whether the credential is good cannot be known now",
  },
  revocation_unconfirmed: {
    status: 503,
    title: "The revocation may or may not have been stored; repeat it",
  },
} as const satisfies Record<string, { status: number; title: string }>;

/** A stable error code of the server. */
export type ErrorCode = keyof typeof ERRORS;
