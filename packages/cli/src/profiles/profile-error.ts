/** What can go wrong with the config file and the choice of a credential, by stable code. */
export type ProfileErrorCode =
  | "usage"
  | "config_unreadable"
  | "config_invalid"
  | "config_busy"
  | "config_not_written"
  | "profile_not_found"
  | "profile_exists"
  | "no_credential"
  | "credential_unusable"
  | "credential_process_failed"
  | "keychain_unavailable";

/** The exit code of `conch` for each of them: 1 failed, 2 wrong usage, 3 no usable credential, 5 not found. */
const EXIT_CODES: Record<ProfileErrorCode, 1 | 2 | 3 | 5> = {
  usage: 2,
  config_unreadable: 1,
  config_invalid: 1,
  config_busy: 1,
  config_not_written: 1,
  profile_not_found: 5,
  profile_exists: 1,
  no_credential: 3,
  credential_unusable: 3,
  credential_process_failed: 3,
  keychain_unavailable: 3,
};

/**
 * An error of the config file or of the choice of a credential. `message` says what happened and to
 * what, `hint` what to do next; neither ever holds a secret.
 */
export class ProfileError extends Error {
  readonly code: ProfileErrorCode;
  readonly hint: string;
  readonly exitCode: 1 | 2 | 3 | 5;

  constructor(code: ProfileErrorCode, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ProfileError";
    this.code = code;
    this.hint = hint;
    this.exitCode = EXIT_CODES[code];
  }
}
