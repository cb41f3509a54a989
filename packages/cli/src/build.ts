/**
 * What this binary was built with: the one place where code meets the build flags.
 * `scripts/build-flags.ts` reads and checks the flags; run from source, the defaults below hold.
 *
 * What a flag removes must be gone from the binary. Bun folds `feature()` only where it is called,
 * with the flag's name as a literal, as the condition itself, so the code that goes asks directly
 * and loads what is behind it with `import()`:
 *
 * ```ts
 * import { feature } from "bun:bundle";
 * const commands = {
 *   list: () => import("./token-list.ts"),
 *   ...(feature("DISABLE_API_TOKEN_CRUD") ? {} : { create: () => import("./token-create.ts") }),
 * };
 * ```
 */
import { feature } from "bun:bundle";

declare module "bun:bundle" {
  interface Registry {
    features: "DISABLE_API_TOKEN_CRUD" | "DISABLE_ADMIN_FUNCTIONS" | "DISABLE_API_VERSION_CHECK";
  }
}

declare const CONCH_BUILD_VERSION: string;
declare const CONCH_BUILD_OBFUSCATION_KEY: string;
declare const CONCH_BUILD_PRODUCTION_URL: string;
declare const CONCH_BUILD_STAGING_URL: string;

/** The key of builds that set no `TOKEN_OBFUSCATION_KEY`. Public, like this file. */
export const DEFAULT_OBFUSCATION_KEY = "conch: no TOKEN_OBFUSCATION_KEY was set";

/** The client's version, semver without `v`; `0.0.0-source` when run from source. */
export const CLIENT_VERSION: string =
  typeof CONCH_BUILD_VERSION === "undefined" ? "0.0.0-source" : CONCH_BUILD_VERSION;

/** What `conch --version` prints. */
export function versionText(): string {
  return `conch ${CLIENT_VERSION}`;
}

/** `TOKEN_OBFUSCATION_KEY`: what the key for secrets in the config file is derived from. */
export const OBFUSCATION_KEY: string =
  typeof CONCH_BUILD_OBFUSCATION_KEY === "undefined"
    ? DEFAULT_OBFUSCATION_KEY
    : CONCH_BUILD_OBFUSCATION_KEY;

/** `CONCH_PRODUCTION_URL`: the API's URL in the environment `production`; `null` where none is built in. */
export const PRODUCTION_URL: string | null =
  typeof CONCH_BUILD_PRODUCTION_URL === "undefined" ? null : CONCH_BUILD_PRODUCTION_URL;

/** `CONCH_STAGING_URL`: the same for `staging`. */
export const STAGING_URL: string | null =
  typeof CONCH_BUILD_STAGING_URL === "undefined" ? null : CONCH_BUILD_STAGING_URL;

/** The build flags as `conch version` shows them. The obfuscation key itself is never shown. */
export const BUILD_FLAGS = {
  DISABLE_API_TOKEN_CRUD: feature("DISABLE_API_TOKEN_CRUD") ? "on" : "off",
  DISABLE_ADMIN_FUNCTIONS: feature("DISABLE_ADMIN_FUNCTIONS") ? "on" : "off",
  DISABLE_API_VERSION_CHECK: feature("DISABLE_API_VERSION_CHECK") ? "on" : "off",
  TOKEN_OBFUSCATION_KEY: OBFUSCATION_KEY === DEFAULT_OBFUSCATION_KEY ? "default" : "set",
  CONCH_PRODUCTION_URL: PRODUCTION_URL,
  CONCH_STAGING_URL: STAGING_URL,
} as const;
