import type { WorkQueue } from "./work-queue.ts";

/** argon2id (RFC 9106) off the main thread; PHC strings. */
export interface Argon2 {
  hash(password: string): Promise<string>;
  verify(password: string, passwordHash: string): Promise<boolean>;
  /** Ends the threads that it runs on. */
  close(): Promise<void>;
}

/** Hashes and checks passwords without starving other requests. */
export interface PasswordHasher {
  /** @throws ApiError 503 `overloaded`. */
  hash(password: string): Promise<string>;
  /**
   * Whether the password is the one of that hash. Takes as long where there is no hash.
   *
   * @throws ApiError 503 `overloaded`.
   */
  verify(password: string, passwordHash: string | null): Promise<boolean>;
}

/** @param secret unguessable; made into the hash that stands in where there is none. */
export function createPasswordHasher(
  argon2: Argon2,
  queue: WorkQueue,
  secret: string,
): PasswordHasher {
  let standIn: Promise<string> | null = null;
  const hash = (password: string) => queue.run(() => argon2.hash(password));

  async function makeStandIn(): Promise<string> {
    try {
      return await hash(secret);
    } catch (error) {
      standIn = null;
      throw error;
    }
  }

  return {
    hash,
    async verify(password, passwordHash) {
      // Made for known users too, who wait for it: the first failure must not tell who is unknown.
      standIn ??= makeStandIn();
      const expected = passwordHash ?? (await standIn);
      const isRight = await queue.run(() => argon2.verify(password, expected));
      return isRight && passwordHash !== null;
    },
  };
}
