/** Which servers this client speaks to: 2.30 and later, below 4. */

/** What a server's version says: usable, not usable, or not a version that can be judged. */
export type VersionVerdict = "compatible" | "incompatible" | "unknown";

/** Judges a server's version, with or without `v` in front. */
export function judgeVersion(version: string): VersionVerdict {
  const match = /^v?(\d+)\.(\d+)(?:[.+-]|$)/u.exec(version.trim());
  if (match === null) return "unknown";
  const major = Number(match[1]);
  const minor = Number(match[2]);
  return major >= 4 || major < 2 || (major === 2 && minor < 30) ? "incompatible" : "compatible";
}
