/**
 * The build flags of `conch`: read from the environment of `npm run build`, checked here and only
 * here, handed to the bundler as `features` and `define`s for `packages/cli/src/build.ts`.
 */
import { normalizeBaseUrl } from "@conch/client/base-url";

/** Switches: each removes something from the binary. */
const SWITCHES = [
  "DISABLE_API_TOKEN_CRUD",
  "DISABLE_ADMIN_FUNCTIONS",
  "DISABLE_API_VERSION_CHECK",
] as const;
const URLS = ["CONCH_PRODUCTION_URL", "CONCH_STAGING_URL"] as const;
const FLAG_NAMES: readonly string[] = [...SWITCHES, ...URLS, "TOKEN_OBFUSCATION_KEY"];

/** What the bundler is told, and what the person who builds should know. */
export interface BuildFlags {
  readonly features: readonly string[];
  /** Identifier → JavaScript expression. */
  readonly define: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
}

/** A flag has a value that cannot be meant; the message starts with the flag's name. */
export class BuildFlagError extends Error {
  override readonly name = "BuildFlagError";
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the build flags.
 *
 * @throws BuildFlagError naming the flag, where a value is wrong or a name is nearly one of ours:
 *   a misspelt `DISABLE_…` would quietly build a binary that can do what it must not.
 */
export function readBuildFlags(env: Environment): BuildFlags {
  refuseMisspelt(env);
  const warnings: string[] = [];
  const define: Record<string, string> = {};

  const key = env["TOKEN_OBFUSCATION_KEY"] ?? "";
  if (key === "") {
    warnings.push(
      "TOKEN_OBFUSCATION_KEY is not set: the default key is public, so anybody can read the tokens " +
        "in a config file that leaks. Set it, keep it, and use the same one for every build: " +
        "another key makes stored tokens unusable.",
    );
  } else {
    define["CONCH_BUILD_OBFUSCATION_KEY"] = JSON.stringify(key);
  }

  for (const name of URLS) {
    const url = readUrl(name, env[name] ?? "");
    if (url === null) continue;
    if (url.startsWith("http:")) {
      warnings.push(`${name} is not https: tokens will cross the network in the clear.`);
    }
    define[name.replace("CONCH_", "CONCH_BUILD_")] = JSON.stringify(url);
  }

  const features = SWITCHES.filter((name) => readSwitch(name, env[name] ?? ""));
  return { features, define, warnings };
}

function readSwitch(name: string, value: string): boolean {
  switch (value) {
    case "":
    case "0":
    case "false":
      return false;
    case "1":
    case "true":
      return true;
    default:
      throw new BuildFlagError(
        `${name}=${value}: use 1 or true to switch it on, 0, false or nothing to leave it off`,
      );
  }
}

function readUrl(name: string, value: string): string | null {
  if (value === "") return null;
  const place = normalizeBaseUrl(value);
  if (!place.ok) throw new BuildFlagError(`${name} is not the URL of an API: ${place.why}`);
  return place.url;
}

function refuseMisspelt(env: Environment): void {
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || value === "" || FLAG_NAMES.includes(name)) continue;
    const meant = FLAG_NAMES.find((flag) => editDistance(flag, name.toUpperCase()) <= 2);
    if (meant !== undefined) throw new BuildFlagError(`${name}: did you mean ${meant}?`);
  }
}

/** Levenshtein distance: single-character edits between two words. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
