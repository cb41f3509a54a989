/** What package-lock.json says of packages. */
import lock from "../package-lock.json" with { type: "json" };

/** A package as the lock pins it. */
export interface LockedPackage {
  readonly version: string;
  /** `sha512-` and the digest of its archive, base64. */
  readonly integrity: string;
  /** SPDX. */
  readonly license: string;
}

/**
 * Looks a package up.
 *
 * @param folder such as `node_modules/zod`.
 * @throws Error where the lock does not pin it.
 */
export function lockedPackage(folder: string): LockedPackage {
  const packages = lock.packages as Readonly<Record<string, Partial<LockedPackage>>>;
  const { version, integrity, license = "NOASSERTION" } = packages[folder] ?? {};
  if (version === undefined || integrity === undefined) {
    throw new Error(`package-lock.json does not pin ${folder}`);
  }
  return { version, integrity, license };
}
