import type { CommandContext } from "./command-context.ts";
import { usageError } from "./command-error.ts";
import { configPath, openProfiles, resolveUse } from "./profile-access.ts";
import type { Profile, ConfigDraft, SecretPlace } from "./profiles/profile.ts";
import type { Profiles } from "./profiles/profiles.ts";
import { ProfileError } from "./profiles/profile-error.ts";

/** The profile that a command is about. */
export interface ProfileUse {
  readonly profile: Profile;
  readonly profiles: Profiles;
  /** The profile's own URL: where its credential may go. */
  readonly url: string;
}

/** Where a secret is kept: the option of commands that store one. */
export const STORE_OPTION = {
  value: "PLACE",
  choices: ["file", "keychain"],
  summary: "keep the secret in the config file (default), or in the system's key chain",
} as const;

/** Which profile a command that changes a profile is about. @throws ProfileError, CommandError */
export function useProfile(context: CommandContext): ProfileUse {
  const profiles = openProfiles(context);
  const resolution = resolveUse(context, profiles);
  if (!resolution.ok) throw resolution.error;
  const { credential, destination } = resolution;
  if (credential.kind === "direct") {
    throw usageError(
      `${credential.source} gives a token, but this command is about a profile`,
      "name the profile with --profile NAME",
    );
  }
  return { profile: credential.profile, profiles, url: destination.url };
}

/** Where to keep a secret: as asked for, else where the profile keeps its present one. */
export function placeFor(asked: SecretPlace | undefined, profile: Profile | null): SecretPlace {
  const credential = profile?.credential;
  const hasSecret = credential?.kind === "token" || credential?.kind === "session";
  return asked ?? (hasSecret ? credential.secret.place : "file");
}

/** A profile of a draft that must still be the one that was looked at: others write this file too. */
export function requireSame(draft: ConfigDraft, profile: Profile): void {
  const now = draft.find(profile.name);
  if (now !== null && now.apiUrl === profile.apiUrl) return;
  throw new ProfileError(
    "profile_not_found",
    `the profile "${profile.name}" was ${now === null ? "deleted" : "moved to another URL"} meanwhile`,
    "Nothing was stored. conch profile list shows what there is.",
  );
}

/**
 * Makes sure, before something is made on the server, that its secret can be stored here: a file can
 * be written beside the config file, or the key chain answers.
 *
 * @throws ProfileError, CommandError
 */
export async function assertStorable(
  context: CommandContext,
  name: string,
  place: SecretPlace,
): Promise<void> {
  const { files } = context;
  const path = configPath(context);
  try {
    const target = files.resolveLinks(path);
    const trial = `${target}.${Math.floor(context.random() * 36 ** 8).toString(36)}.trial`;
    files.createSynced(trial, new Uint8Array(1), 0o600);
    files.remove(trial);
    if (place === "keychain") await context.keychain.get(`${name} trial`);
  } catch (error) {
    const what = place === "keychain" ? "the key chain or the config file" : "the config file";
    throw new ProfileError(
      place === "keychain" ? "keychain_unavailable" : "config_not_written",
      `${what} cannot be written to (${path}): ${error instanceof Error ? error.message : "unknown"}`,
      "Nothing was made on the server.",
      { cause: error },
    );
  }
}
