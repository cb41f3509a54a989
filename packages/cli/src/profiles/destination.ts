import { normalizeBaseUrl } from "@conch/client/base-url";
import { ProfileError } from "./profile-error.ts";

/** The environments that `--environment` and `CONCH_ENV` know. */
const ENVIRONMENTS = ["production", "staging", "development"] as const;
/** One of them. */
export type Environment = (typeof ENVIRONMENTS)[number];

/** The URLs that the build knows. */
export interface BuildUrls {
  readonly productionUrl: string | null;
  readonly stagingUrl: string | null;
}

/** What says where requests go. */
export interface DestinationInput {
  readonly flags: {
    readonly environment?: string | undefined;
    readonly url?: string | undefined;
  };
  readonly env: {
    readonly CONCH_ENV?: string | undefined;
    readonly CONCH_URL?: string | undefined;
  };
  readonly build: BuildUrls;
}

/** Something that was given and not used. */
export interface Shadowed {
  /** As the user gave it: `CONCH_URL`, `--environment`, `the active profile "x"`. */
  readonly source: string;
  readonly why: string;
  /** Told on stderr by every command; the others only by `profile which --explain`. */
  readonly isNote: boolean;
}

/** The server to talk to. */
export interface Destination {
  /** Base URL, path included, without a slash at the end. */
  readonly url: string;
  readonly environment: Environment;
  /** Where each came from, as it is shown. */
  readonly urlSource: string;
  readonly environmentSource: string;
}

/** A destination, or why there is none. */
export type DestinationResolution =
  | { readonly ok: true; readonly destination: Destination; readonly shadowed: readonly Shadowed[] }
  | { readonly ok: false; readonly error: ProfileError; readonly shadowed: readonly Shadowed[] };

/** A setting that was given, and by what. */
interface Given<T> {
  readonly value: T;
  readonly source: string;
}

/** What flags and variables say of the destination, checked; absent where they say nothing. */
interface Wishes {
  readonly environment: Given<Environment> | null;
  readonly url: Given<string> | null;
  readonly shadowed: readonly Shadowed[];
}

function usage(message: string, hint: string): ProfileError {
  return new ProfileError("usage", message, hint);
}

function parseEnvironment(text: string, source: string): Given<Environment> {
  const value = ENVIRONMENTS.find((environment) => environment === text);
  if (value !== undefined) return { value, source };
  const near =
    text === "" ? undefined : ENVIRONMENTS.find((name) => name.startsWith(text.toLowerCase()));
  const hint = near === undefined ? "" : ` Did you mean ${near}?`;
  throw usage(
    `${source}: unknown environment "${text}"`,
    `It is one of ${ENVIRONMENTS.join(", ")}.${hint}`,
  );
}

function parseUrl(text: string, source: string): Given<string> {
  const result = normalizeBaseUrl(text);
  if (result.ok) return { value: result.url, source };
  // Not quoted: a URL that is refused may hold a password.
  throw usage(
    `${source} is not a URL of an API: ${result.why}`,
    "Write it as https://HOST[:PORT][/PATH].",
  );
}

/** The environment that a URL belongs to in this build. */
function environmentOf(url: string, build: BuildUrls): Environment {
  if (url === urlOf("production", build)) return "production";
  return url === urlOf("staging", build) ? "staging" : "development";
}

function urlOf(environment: "production" | "staging", build: BuildUrls): string | null {
  const text = environment === "production" ? build.productionUrl : build.stagingUrl;
  if (text === null) return null;
  const result = normalizeBaseUrl(text);
  return result.ok ? result.url : null;
}

function chooseEnvironment({ flags, env }: DestinationInput): Given<Environment> | null {
  if (flags.environment !== undefined) return parseEnvironment(flags.environment, "--environment");
  // An empty variable is how many tools unset one.
  return env.CONCH_ENV ? parseEnvironment(env.CONCH_ENV, "CONCH_ENV") : null;
}

/**
 * Flags beat variables; `CONCH_URL` counts only where the environment is `development`.
 *
 * @throws ProfileError `usage`
 */
function readWishes(input: DestinationInput): Wishes {
  const { flags, env, build } = input;
  const shadowed: Shadowed[] = [];
  const chosen = chooseEnvironment(input);
  if (flags.environment !== undefined && env.CONCH_ENV && env.CONCH_ENV !== flags.environment) {
    shadowed.push({ source: "CONCH_ENV", why: "--environment goes first", isNote: false });
  }
  if (flags.url !== undefined) {
    const url = parseUrl(flags.url, "--url");
    if (env.CONCH_URL) {
      shadowed.push({ source: "CONCH_URL", why: "--url goes first", isNote: false });
    }
    if (flags.environment !== undefined || chosen === null) {
      return { environment: chosen, url, shadowed };
    }
    const fits = environmentOf(url.value, build) === chosen.value;
    shadowed.push({ source: "CONCH_ENV", why: "--url goes first", isNote: !fits });
    return { environment: null, url, shadowed };
  }
  if (!env.CONCH_URL) return { environment: chosen, url: null, shadowed };
  if (chosen?.value === "development") {
    return { environment: chosen, url: parseUrl(env.CONCH_URL, "CONCH_URL"), shadowed };
  }
  const actual =
    chosen === null ? "no environment was chosen" : `${chosen.source} is ${chosen.value}`;
  shadowed.push({
    source: "CONCH_URL",
    why: `it counts only with CONCH_ENV=development (or --environment development), and ${actual}`,
    isNote: true,
  });
  return { environment: chosen, url: null, shadowed };
}

/**
 * What is wrong by itself is said first, whatever credential there is: an unknown environment, a URL
 * that is none.
 *
 * @throws ProfileError `usage`
 */
export function checkDestinationInput(input: DestinationInput): void {
  readWishes(input);
}

/** @throws ProfileError `usage` where the URL is not one of the environment's */
function checkFit(environment: Given<Environment>, url: Given<string>, build: BuildUrls): void {
  if (environmentOf(url.value, build) === environment.value) return;
  const expected = environment.value === "development" ? null : urlOf(environment.value, build);
  const place =
    environment.value === "development"
      ? `that is ${environmentOf(url.value, build)}`
      : expected === null
        ? `this build has no URL for ${environment.value}`
        : `${environment.value} is ${expected}`;
  throw usage(
    `${environment.source} says ${environment.value}, but ${url.source} is ${url.value}: ${place}`,
    `Nothing was sent. Leave out one of the two, or make them agree.`,
  );
}

function noUrl(environment: Environment, source: string): ProfileError {
  if (environment === "development") {
    return usage(
      `no URL for the environment development (${source})`,
      "Set CONCH_URL=https://HOST[:PORT][/PATH], or use --url.",
    );
  }
  return usage(
    `this build has no URL for ${environment}, which is the environment here (${source})`,
    `Use --url URL, or CONCH_ENV=development with CONCH_URL, or a build made with CONCH_${environment.toUpperCase()}_URL.`,
  );
}

function fromWishes({ environment, url }: Wishes, build: BuildUrls): Destination {
  if (url !== null) {
    if (environment !== null) checkFit(environment, url, build);
    return {
      url: url.value,
      urlSource: url.source,
      environment: environment?.value ?? environmentOf(url.value, build),
      environmentSource: environment?.source ?? url.source,
    };
  }
  const chosen = environment ?? { value: "production", source: "the default" };
  const known = chosen.value === "development" ? null : urlOf(chosen.value, build);
  if (known === null) throw noUrl(chosen.value, chosen.source);
  return {
    url: known,
    urlSource: "the build",
    environment: chosen.value,
    environmentSource: chosen.source,
  };
}

/**
 * The destination of a stored credential: its profile's URL and no other.
 *
 * @throws ProfileError `usage` where flags or variables name another place
 */
function ofProfile(
  { environment, url }: Wishes,
  profile: { readonly name: string; readonly url: string },
  build: BuildUrls,
): Destination {
  const source = `the profile "${profile.name}"`;
  if (url !== null && url.value !== profile.url) {
    throw usage(
      `${url.source} is ${url.value}, but ${source} belongs to ${profile.url}`,
      "Nothing was sent: a stored credential goes only to its own profile's URL. Leave the URL out, or use another profile, or a token with --token or CONCH_TOKEN.",
    );
  }
  if (environment !== null) checkFit(environment, { value: profile.url, source }, build);
  return {
    url: profile.url,
    urlSource: source,
    environment: environmentOf(profile.url, build),
    environmentSource: source,
  };
}

/**
 * Where requests go: by flags and variables alone, or, for a stored credential, its profile's URL,
 * which flags and variables may only confirm.
 */
export function resolveDestination(
  input: DestinationInput,
  profile: { readonly name: string; readonly url: string } | null = null,
): DestinationResolution {
  let shadowed: readonly Shadowed[] = [];
  try {
    const wishes = readWishes(input);
    shadowed = wishes.shadowed;
    const destination =
      profile === null ? fromWishes(wishes, input.build) : ofProfile(wishes, profile, input.build);
    return { ok: true, destination, shadowed };
  } catch (error) {
    if (error instanceof ProfileError) return { ok: false, error, shadowed };
    throw error;
  }
}
