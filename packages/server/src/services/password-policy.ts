import { ApiError } from "../errors.ts";

/** The shortest password, in characters. */
const PASSWORD_LENGTH_MIN = 12;
/** The longest password, in bytes of UTF-8; all of them count. */
const PASSWORD_BYTES_MAX = 1000;

const SCORE_MIN = 3;
/** What is assessed of a longer password: the time that it takes grows with the square. */
const ASSESSED_LENGTH = 64;

/** How hard a password is to guess. */
export interface PasswordStrength {
  /** 0 to 4, as zxcvbn counts: 3 withstands about 10^8 guesses. */
  readonly score: number;
  /** Why it is weak and what would help, for people; `""` where there is nothing to say. */
  readonly advice: string;
}

/** Assesses passwords, off the main thread. */
export type AssessPassword = (
  password: string,
  known: readonly string[],
) => Promise<PasswordStrength>;

/** Whose password it is to be. */
export interface PasswordOwner {
  readonly email: string;
  readonly name: string;
}

/** Says whether a password may be used. */
export interface PasswordPolicy {
  /** @throws ApiError 400 `weak_password` with the reason. */
  check(password: string, owner: PasswordOwner): Promise<void>;
}

/** Makes the policy. */
export function createPasswordPolicy(assess: AssessPassword): PasswordPolicy {
  return {
    async check(password, owner) {
      const known = [owner.name, owner.email, owner.email.replace(/@.*$/, "")];
      const fault = formFault(password) ?? ownFault(password, known);
      if (fault !== null) throw refused(fault);
      const { score, advice } = await assess(password.slice(0, ASSESSED_LENGTH), known);
      if (score < SCORE_MIN) throw refused(`is too easy to guess${advice && `: ${advice}`}`);
    },
  };
}

function refused(fault: string): ApiError {
  return new ApiError("weak_password", { message: `password: ${fault}` });
}

function formFault(password: string): string | null {
  if (!password.isWellFormed()) return "must not hold lone surrogates";
  if (Array.from(password).length < PASSWORD_LENGTH_MIN) {
    return `must be at least ${PASSWORD_LENGTH_MIN} characters long`;
  }
  if (Buffer.byteLength(password) > PASSWORD_BYTES_MAX) {
    return `must not be longer than ${PASSWORD_BYTES_MAX} bytes`;
  }
  return null;
}

function ownFault(password: string, known: readonly string[]): string | null {
  const folded = password.toLowerCase();
  return known.some((text) => text.toLowerCase() === folded)
    ? "must not be the user's name or address"
    : null;
}
