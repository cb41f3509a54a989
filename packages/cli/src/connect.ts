import { ClientError, createClient, type Client, type Credential } from "@conch/client";
import { BUILD_FLAGS, CLIENT_VERSION } from "./build.ts";
import { timeoutMsOf, type CommandContext } from "./command-context.ts";
import { createObserver } from "./output/observer.ts";
import { openProfiles, resolveUse } from "./profile-access.ts";
import type { Destination } from "./profiles/destination.ts";
import type { Profile } from "./profiles/profile.ts";
import type { Profiles } from "./profiles/profiles.ts";
import type { ChosenCredential } from "./profiles/resolve.ts";

/** A client for the credential in use, and where that came from. */
export interface Connection {
  readonly client: Client;
  readonly destination: Destination;
  readonly chosen: ChosenCredential;
  /** The profile that the credential is from; `null` for `--token` and its like. */
  readonly profile: Profile | null;
  readonly profiles: Profiles;
}

/** Makes a client for a server, with a credential or with none. */
export function clientFor(
  context: CommandContext,
  baseUrl: string,
  credential: Credential | null,
): Client {
  const timeoutMs = timeoutMsOf(context.globals);
  if (credential !== null) {
    context.masker.remember(credential.kind === "token" ? credential.token : credential.jwt);
  }
  const usesProxy = Object.keys(context.env).some((name) => /^(https?|all)_proxy$/iu.test(name));
  return createClient({
    baseUrl,
    credential,
    fetch: context.fetch,
    userAgent: `conch/${CLIENT_VERSION} (${context.platform})`,
    sleep: context.sleep,
    random: context.random,
    ...(usesProxy ? {} : { probe: context.probe }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    observe: createObserver(context),
    checkVersion: BUILD_FLAGS.DISABLE_API_VERSION_CHECK === "off",
    onUnknownVersion: (version) =>
      context.note(`the server calls its version "${version}", which cannot be judged; going on`),
  });
}

/**
 * Finds the credential to use and makes a client for the one place that it goes to. Nothing is sent.
 *
 * @throws ProfileError, CommandError where there is none, or one that must not go there.
 */
export async function connect(context: CommandContext): Promise<Connection> {
  const profiles = openProfiles(context);
  const resolution = resolveUse(context, profiles);
  if (!resolution.ok) throw resolution.error;
  const { credential: chosen, destination } = resolution;
  const credential = await openCredential(chosen, profiles);
  const client = clientFor(context, destination.url, credential);
  const profile = chosen.kind === "profile" ? chosen.profile : null;
  const isFromProcess = profile?.credential.kind === "process";
  return {
    client: isFromProcess ? forgettingRefused(context, client, profiles, profile.name) : client,
    destination,
    chosen,
    profile,
    profiles,
  };
}

/** A client that does not keep a token of a `credential_process` which the server refuses. */
function forgettingRefused(
  context: CommandContext,
  client: Client,
  { store }: Profiles,
  name: string,
): Client {
  const guard = async <T>(call: Promise<T>): Promise<T> => {
    try {
      return await call;
    } catch (error) {
      if (error instanceof ClientError && error.fault.kind === "unauthorized") {
        await store.update((draft) => draft.forgetProcessToken(name));
        context.note(
          "the token that was kept is forgotten; the next command runs its command again",
        );
      }
      throw error;
    }
  };
  return {
    ...client,
    call: (route, input) => guard(client.call(route, input)),
    callRaw: (method, path, body) => guard(client.callRaw(method, path, body)),
  };
}

async function openCredential(
  chosen: ChosenCredential,
  { secrets }: Profiles,
): Promise<Credential> {
  if (chosen.kind === "direct") {
    return { kind: "token", token: await secrets.openDirect(chosen.token, chosen.source) };
  }
  return credentialOf(chosen.profile, await secrets.open(chosen.profile));
}

/** What a profile's opened secret is. */
export function credentialOf(profile: Profile, value: string): Credential {
  return profile.credential.kind === "session"
    ? { kind: "session", jwt: value }
    : { kind: "token", token: value };
}
