import { normalizeBaseUrl } from "@conch/client/base-url";
import {
  checkDestinationInput,
  type Destination,
  type DestinationInput,
  resolveDestination,
  type Shadowed,
} from "./destination.ts";
import type { Config, Profile } from "./profile.ts";
import { ProfileError } from "./profile-error.ts";

/** What decides which credential is used, and where it goes. Absent flags are `undefined`. */
export interface ResolveInput extends DestinationInput {
  readonly flags: DestinationInput["flags"] & {
    readonly profile?: string | undefined;
    /** The value, or `-` for one line of stdin. */
    readonly token?: string | undefined;
    readonly tokenFile?: string | undefined;
  };
  readonly env: DestinationInput["env"] & {
    readonly CONCH_TOKEN?: string | undefined;
    readonly CONCH_TOKEN_FILE?: string | undefined;
    readonly CONCH_PROFILE?: string | undefined;
  };
  /** Reads the config file. Called only where the choice falls on a profile. @throws ProfileError */
  readonly readConfig: () => Promise<Config>;
}

/** Where the token of a direct credential is to be read from. */
export type DirectToken =
  | { readonly from: "value"; readonly value: string }
  | { readonly from: "stdin" }
  | { readonly from: "file"; readonly path: string };

/** The one credential to use. `source` says what chose it, as it is shown. */
export type ChosenCredential =
  | { readonly kind: "direct"; readonly token: DirectToken; readonly source: string }
  | { readonly kind: "profile"; readonly profile: Profile; readonly source: string };

/** The credential and the one place it goes to; or why nothing is sent. */
export type Resolution =
  | {
      readonly ok: true;
      readonly credential: ChosenCredential;
      readonly destination: Destination;
      /** What was given and not used. Those with `isNote` belong on stderr. */
      readonly shadowed: readonly Shadowed[];
    }
  | { readonly ok: false; readonly error: ProfileError; readonly shadowed: readonly Shadowed[] };

/** The ways to name a credential, first the one that goes first. */
const RANKED = [
  { source: "--token", kind: "token", isFlag: true },
  { source: "--token-file", kind: "token", isFlag: true },
  { source: "--profile", kind: "profile", isFlag: true },
  { source: "CONCH_TOKEN", kind: "token", isFlag: false },
  { source: "CONCH_TOKEN_FILE", kind: "token", isFlag: false },
  { source: "CONCH_PROFILE", kind: "profile", isFlag: false },
] as const;

type Way = (typeof RANKED)[number];

function valueOf({ source }: Way, { flags, env }: ResolveInput): string | undefined {
  if (source === "--token") return flags.token;
  if (source === "--token-file") return flags.tokenFile;
  return source === "--profile" ? flags.profile : env[source];
}

function usage(message: string, hint: string): ProfileError {
  return new ProfileError("usage", message, hint);
}

/** @throws ProfileError `usage` where the ways that were taken exclude each other, or one is empty */
function checkWays(first: Way, given: readonly Way[], input: ResolveInput): void {
  const rivals = given.filter((way) => way !== first && way.isFlag === first.isFlag);
  const rival = rivals.find((way) => way.isFlag || way.kind === first.kind);
  if (rival !== undefined) {
    throw usage(
      `${first.source} and ${rival.source} exclude each other`,
      "Each names a credential. Leave one of them out.",
    );
  }
  if (valueOf(first, input) === "") {
    const hint = first.isFlag ? "Give it a value, or leave it out." : "Set it, or unset it.";
    throw usage(`${first.source} is empty`, hint);
  }
}

async function choose(first: Way | undefined, input: ResolveInput): Promise<ChosenCredential> {
  const value = first === undefined ? undefined : valueOf(first, input);
  if (first === undefined || value === undefined) return chooseActive(await input.readConfig());
  const { source } = first;
  if (first.kind === "profile") {
    const profile = findProfile(value, source, await input.readConfig());
    return { kind: "profile", profile, source };
  }
  if (source === "--token-file" || source === "CONCH_TOKEN_FILE") {
    return { kind: "direct", token: { from: "file", path: value }, source };
  }
  if (source === "--token" && value === "-") {
    return { kind: "direct", token: { from: "stdin" }, source };
  }
  return { kind: "direct", token: { from: "value", value }, source };
}

function namesOf(config: Config): string {
  return config.profiles.map((profile) => profile.name).join(", ");
}

function findProfile(name: string, source: string, config: Config): Profile {
  const profile = config.profiles.find((candidate) => candidate.name === name);
  if (profile !== undefined) return profile;
  throw new ProfileError(
    "profile_not_found",
    `${source} names the profile "${name}", which ${config.path} does not hold`,
    config.profiles.length === 0
      ? "Make it with `conch profile create`."
      : `There are: ${namesOf(config)}`,
  );
}

function chooseActive(config: Config): ChosenCredential {
  const active = config.profiles.filter((profile) => profile.active);
  const [profile] = active;
  if (profile !== undefined && active.length === 1) {
    return { kind: "profile", profile, source: "the active profile" };
  }
  if (config.profiles.length === 0) {
    throw new ProfileError(
      "no_credential",
      "no credential: no token was given, and there is no profile",
      "Log in with `conch profile create --name NAME --user USER`, or set CONCH_TOKEN.",
    );
  }
  const fault =
    profile === undefined
      ? "no profile is active"
      : `${active.length} profiles are marked as active (${active.map(({ name }) => name).join(", ")})`;
  throw new ProfileError(
    "no_credential",
    `no credential: no token was given, and ${fault}`,
    `Choose one with --profile, CONCH_PROFILE or \`conch profile set active NAME\`. There are: ${namesOf(config)}`,
  );
}

/** A profile and its URL, normalized. @throws ProfileError `credential_unusable` where it has none */
export function homeOf(profile: Profile): { name: string; url: string } {
  const result = normalizeBaseUrl(profile.apiUrl);
  if (result.ok) return { name: profile.name, url: result.url };
  throw new ProfileError(
    "credential_unusable",
    `the profile "${profile.name}" has no usable URL: ${result.why}`,
    "Correct its api_url in the config file, or make it again with `conch profile create --overwrite`.",
  );
}

function shadowsOf(first: Way | undefined, given: readonly Way[]): Shadowed[] {
  return given
    .filter((way) => way !== first)
    .map((way) => ({
      source: way.source,
      why: `${first?.source ?? "the active profile"} goes first`,
      // A variable overridden by its own flag surprises nobody.
      isNote: way.kind !== first?.kind,
    }));
}

/**
 * Chooses the credential and where it goes. Flags beat variables, variables beat the config file;
 * `--profile` beats `CONCH_TOKEN`. A token from a flag or variable goes to the URL that flags,
 * variables and the build give, and the config file is not even read; a stored credential goes to its
 * own profile's URL, which flags and variables may confirm but not change. `docs/credentials.md` has
 * the whole table.
 */
export async function resolveCredential(input: ResolveInput): Promise<Resolution> {
  const given = RANKED.filter((way) => valueOf(way, input) !== undefined);
  const [first] = given;
  let shadowed: readonly Shadowed[] = [];
  try {
    if (first !== undefined) checkWays(first, given, input);
    shadowed = shadowsOf(first, given);
    checkDestinationInput(input);
    const credential = await choose(first, input);
    const home = credential.kind === "profile" ? homeOf(credential.profile) : null;
    const resolution = resolveDestination(input, home);
    return resolution.ok
      ? { ...resolution, credential, shadowed: [...shadowed, ...resolution.shadowed] }
      : { ...resolution, shadowed: [...shadowed, ...resolution.shadowed] };
  } catch (error) {
    if (error instanceof ProfileError) return { ok: false, error, shadowed };
    throw error;
  }
}
