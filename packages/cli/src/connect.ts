import { ClientError, createClient, type Client, type Credential } from "@conch/client";
import { BUILD_FLAGS, CLIENT_VERSION } from "./build.ts";
import { timeoutMsOf, type CommandContext } from "./command-context.ts";
import { CommandError } from "./command-error.ts";
import { EXIT } from "./exit-codes.ts";
import { createObserver } from "./output/observer.ts";
import { printable } from "./output/style.ts";
import { openProfiles, resolveUse } from "./profile-access.ts";
import type { Destination } from "./profiles/destination.ts";
import type { Profile } from "./profiles/profile.ts";
import { quoteWord } from "./profiles/quote-word.ts";
import type { Profiles } from "./profiles/profiles.ts";
import type { ChosenCredential } from "./profiles/resolve.ts";
import { wayTo } from "./proxy.ts";

/** A client for the credential in use, and where that came from. */
export interface Connection {
  readonly client: Client;
  readonly destination: Destination;
  readonly chosen: ChosenCredential;
  /** The profile that the credential is from; `null` for `--token` and its like. */
  readonly profile: Profile | null;
  readonly profiles: Profiles;
}

/**
 * Makes a client for a server, with a credential or with none. Nothing is sent.
 *
 * @throws CommandError where the proxy on the way is named in a way that cannot be right
 */
export function clientFor(
  context: CommandContext,
  baseUrl: string,
  credential: Credential | null,
): Client {
  const timeoutMs = timeoutMsOf(context.globals);
  if (credential !== null) {
    context.masker.remember(credential.kind === "token" ? credential.token : credential.jwt);
  }
  return createClient({
    baseUrl,
    credential,
    fetch: (url, init) =>
      context.waiting(`waiting for ${new URL(url).host}`, context.fetch(url, init)),
    userAgent: `conch/${CLIENT_VERSION} (${context.platform})`,
    sleep: context.sleep,
    random: context.random,
    ...wayTo(context, new URL(baseUrl)),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    observe: createObserver(context),
    checkVersion: BUILD_FLAGS.DISABLE_API_VERSION_CHECK === "off",
    onUnknownVersion: (version) => {
      // Short enough not to be a credential that the server repeats.
      const shown = /^[\w.+-]{0,32}$/u.test(version) ? `"${version}"` : "something else";
      context.note(`the server calls its version ${shown}, which cannot be judged; going on`);
    },
  });
}

/**
 * Finds the credential to use and makes a client for the one place that it goes to. Nothing is sent.
 *
 * @throws ProfileError, CommandError where there is none, or one that must not go there.
 */
export async function connect(context: CommandContext): Promise<Connection> {
  const profiles = openProfiles(context);
  const resolution = await resolveUse(context, profiles);
  if (!resolution.ok) throw resolution.error;
  const { credential: chosen, destination } = resolution;
  const credential = await openCredential(chosen, profiles);
  const client = clientFor(context, destination.url, credential);
  const connection = {
    client,
    destination,
    chosen,
    profile: chosen.kind === "profile" ? chosen.profile : null,
    profiles,
  };
  return { ...connection, client: explainingRefusal(context, connection) };
}

/** A client that says of a refused credential which one it was, and does not keep it where it can be had anew. */
function explainingRefusal(context: CommandContext, connection: Connection): Client {
  const guard = async <T>(call: Promise<T>): Promise<T> => {
    try {
      return await call;
    } catch (error) {
      if (!(error instanceof ClientError) || error.fault.kind !== "unauthorized") throw error;
      const { profile, profiles } = connection;
      if (profile?.credential.kind === "process") {
        await profiles.store.update((draft) => draft.forgetProcessToken(profile.name));
        context.note(
          "the token that was kept is forgotten; the next command runs its command again",
        );
      }
      const { code, passwordChangeRequired } = error.fault;
      const { what, way } = describeUse(connection, passwordChangeRequired);
      throw new CommandError(
        EXIT.credential,
        code ?? "unauthorized",
        `the server ${connection.destination.url} does not accept ${what}`,
        `${way}; conch profile which --explain shows where it comes from`,
        { cause: error },
      );
    }
  };
  const { client } = connection;
  return {
    ...client,
    call: (route, input) => guard(client.call(route, input)),
    callRaw: (method, path, body) => guard(client.callRaw(method, path, body)),
  };
}

/** The credential in words, and the way to a good one. */
function describeUse({ profile, chosen }: Connection, mustChangePassword: boolean) {
  if (profile === null) {
    return {
      what: `the token from ${chosen.source}`,
      way: "it was removed, has expired, or is of another server",
    };
  }
  const name = printable(profile.name);
  const conch = `conch --profile ${quoteWord(profile.name)} profile`;
  switch (profile.credential.kind) {
    case "session":
      return {
        what: mustChangePassword
          ? `the login session of the profile "${name}" until a new password is set`
          : `the login session of the profile "${name}"`,
        way: `${conch} relogin starts a new one`,
      };
    case "process":
      return {
        what: `the token that the command of the profile "${name}" printed`,
        way: "see that command",
      };
    case "token":
    case "none":
      return {
        what: `the API token of the profile "${name}"`,
        way: `${conch} set token gives it another`,
      };
  }
  return profile.credential satisfies never;
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
