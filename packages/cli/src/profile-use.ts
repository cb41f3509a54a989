import type { CommandContext } from "./command-context.ts";
import { usageError } from "./command-error.ts";
import { BUILD_URLS, openProfiles, resolveUse, tellShadowed } from "./profile-access.ts";
import { type Destination, resolveDestination } from "./profiles/destination.ts";
import type { Profile, ConfigDraft, SecretPlace } from "./profiles/profile.ts";
import type { Profiles } from "./profiles/profiles.ts";
import { ProfileError } from "./profiles/profile-error.ts";
import { homeOf } from "./profiles/resolve.ts";

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
export async function useProfile(context: CommandContext): Promise<ProfileUse> {
  const profiles = openProfiles(context);
  const resolution = await resolveUse(context, profiles);
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
 * Where a profile's credential goes: its own URL, which flags and variables may only confirm.
 *
 * @throws ProfileError `usage` where they name another place, `credential_unusable` where it has none
 */
export function destinationOf(context: CommandContext, profile: Profile): Destination {
  const { environment, url } = context.globals;
  const input = { flags: { environment, url }, env: context.env, build: BUILD_URLS };
  const resolution = tellShadowed(context, resolveDestination(input, homeOf(profile)));
  if (!resolution.ok) throw resolution.error;
  return resolution.destination;
}
