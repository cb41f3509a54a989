import type { Shadowed } from "./destination.ts";
import type { Config } from "./profile.ts";
import { ProfileError } from "./profile-error.ts";
import { resolveCredential, type Resolution, type ResolveInput } from "./resolve.ts";

/** Everything that had a say in the choice, for `profile which --explain`. Holds no secret. */
export interface Explanation {
  readonly resolution: Resolution;
  /** What was given and not used, the config file's part included. */
  readonly shadowed: readonly Shadowed[];
  /** What was looked at and not set, in the order in which it is asked. */
  readonly absent: readonly string[];
}

const FLAGS = {
  "--token": "token",
  "--token-file": "tokenFile",
  "--profile": "profile",
  "--url": "url",
  "--environment": "environment",
} as const;
const VARIABLES = [
  "CONCH_TOKEN",
  "CONCH_TOKEN_FILE",
  "CONCH_PROFILE",
  "CONCH_ENV",
  "CONCH_URL",
] as const;

/** Resolves as every command does, and then looks at what the config file would have said. */
export async function explainCredential(input: ResolveInput): Promise<Explanation> {
  const resolution = await resolveCredential(input);
  const absentFlags = Object.entries(FLAGS).filter(([, name]) => input.flags[name] === undefined);
  const absent = [
    ...absentFlags.map(([source]) => source),
    ...VARIABLES.filter((name) => input.env[name] === undefined),
  ];
  return {
    resolution,
    shadowed: [...resolution.shadowed, ...(await shadowedByConfig(resolution, input))],
    absent,
  };
}

async function shadowedByConfig(resolution: Resolution, input: ResolveInput): Promise<Shadowed[]> {
  if (!resolution.ok) return [];
  const { credential } = resolution;
  let config: Config;
  try {
    config = await input.readConfig();
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    return [{ source: "the config file", why: `not needed; ${error.message}`, isNote: false }];
  }
  const used = credential.kind === "profile" ? credential.profile.name : null;
  return config.profiles
    .filter((profile) => profile.active && profile.name !== used)
    .map((profile) => ({
      source: `the active profile "${profile.name}" (${profile.apiUrl})`,
      why: `${credential.source} goes first`,
      isNote: false,
    }));
}
