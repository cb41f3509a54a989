import { nodePath } from "./builtins.ts";
import { OBFUSCATION_KEY, PRODUCTION_URL, STAGING_URL } from "./build.ts";
import type { CommandContext } from "./command-context.ts";
import { usageError } from "./command-error.ts";
import type { Shadowed } from "./profiles/destination.ts";
import type { Config } from "./profiles/profile.ts";
import { createProfiles, type Profiles } from "./profiles/profiles.ts";
import { resolveCredential, type Resolution, type ResolveInput } from "./profiles/resolve.ts";

/** The config file's path: `--config`, else `CONCH_CONFIG`, else `~/.conch.json`. */
export function configPath({ globals, env, homeDirectory, platform }: CommandContext): string {
  const path = globals.config ?? (env["CONCH_CONFIG"] || undefined);
  if (path === "")
    throw usageError("--config is empty", "give it the path of a file, or leave it out");
  if (path !== undefined) return nodePath().resolve(path);
  // By hand: see `builtins.ts`.
  const separator = platform.startsWith("win32-") ? "\\" : "/";
  return `${homeDirectory}${homeDirectory.endsWith(separator) ? "" : separator}.conch.json`;
}

/** Opens the config file for reading and changing; nothing is read yet. */
export function openProfiles(context: CommandContext): Profiles {
  return createProfiles({
    files: context.files,
    keychain: context.keychain,
    loadRunProcess: context.loadRunProcess,
    notesStderr: context.globals.json,
    clock: { nowMs: context.nowMs, sleep: (ms) => context.sleep(ms) },
    env: context.env,
    readStdinLine: async () => (await context.stdin.readLine()) ?? "",
    note: (text) => context.note(text),
    configPath: configPath(context),
    obfuscationKey: OBFUSCATION_KEY,
    sha256: context.sha256,
  });
}

/** The config as it is, its notes told to the user. */
export async function readConfig(context: CommandContext, { store }: Profiles): Promise<Config> {
  const config = await store.read();
  for (const note of config.notes) context.note(note);
  return config;
}

/** What decides which credential is used, from this command line and its environment. */
export function resolveInput(context: CommandContext, profiles: Profiles): ResolveInput {
  const { profile, token, tokenFile, environment, url } = context.globals;
  return {
    flags: { profile, token, tokenFile, environment, url },
    env: context.env,
    build: BUILD_URLS,
    readConfig: () => readConfig(context, profiles),
  };
}

/** What the flags and variables, and else the config file, say to use. Reads no secret. */
export async function resolveUse(context: CommandContext, profiles: Profiles): Promise<Resolution> {
  return tellShadowed(context, await resolveCredential(resolveInput(context, profiles)));
}

/** Tells the user what was given and is not used, as far as that may surprise. */
export function tellShadowed<T extends { readonly shadowed: readonly Shadowed[] }>(
  context: CommandContext,
  resolution: T,
): T {
  for (const { source, why, isNote } of resolution.shadowed) {
    if (isNote) context.note(`${source} is not used: ${why}`);
  }
  return resolution;
}

/** The URLs that this build knows. */
export const BUILD_URLS = { productionUrl: PRODUCTION_URL, stagingUrl: STAGING_URL };
