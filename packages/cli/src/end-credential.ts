import type { Client } from "@conch/client";
import { ClientError } from "@conch/client/errors";
import { logout } from "@conch/contract/session";
import { removeMyToken } from "@conch/contract/token";
import { revokeToken } from "@conch/contract/verification";
import type { CommandContext } from "./command-context.ts";
import { CommandError } from "./command-error.ts";
import { clientFor, credentialOf } from "./connect.ts";
import { EXIT } from "./exit-codes.ts";
import { destinationOf } from "./profile-use.ts";
import type { Profile } from "./profiles/profile.ts";
import type { Profiles } from "./profiles/profiles.ts";

/**
 * Ends a profile's credential on its server. One that is dead already counts as ended.
 *
 * @returns whether there was anything to end
 * @throws CommandError, ClientError where it may be alive still
 */
export async function endCredential(
  context: CommandContext,
  { secrets }: Profiles,
  profile: Profile,
): Promise<boolean> {
  const { credential } = profile;
  if (credential.kind === "none") return false;
  const { url } = destinationOf(context, profile);
  const value = await secrets.open(profile);
  const client = clientFor(context, url, credentialOf(profile, value));
  try {
    if (credential.kind === "session") await client.call(logout, {});
    else if (credential.kind === "token" && credential.tokenName !== null) {
      await client.call(removeMyToken, { params: { name: credential.tokenName }, query: {} });
    } else await client.call(revokeToken, { query: {}, body: { token: value } });
    return true;
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    const { kind } = error.fault;
    if (kind === "unauthorized") return confirmEnded(client, value);
    if (kind !== "not_found") throw error;
    if (credential.kind === "token" && credential.tokenName !== null) return true;
    throw new CommandError(
      EXIT.failed,
      "cannot_revoke",
      `the server ${url} cannot revoke a token whose name is not known; nothing was deleted`,
      "remove it by name (conch user tokens, conch user token rm NAME), then delete the profile without --revoke",
      { cause: error },
    );
  }
}

/**
 * That a credential is refused does not say that it stays so: its revocation may have been cut off on its
 * way to the standby. To revoke it once more takes no credential, and is answered when it is certain;
 * servers that have no such route have no standby either.
 */
async function confirmEnded(client: Client, value: string): Promise<true> {
  try {
    await client.call(revokeToken, { query: {}, body: { token: value } });
  } catch (error) {
    const kind = error instanceof ClientError ? error.fault.kind : null;
    if (kind !== "unauthorized" && kind !== "not_found") throw error;
  }
  return true;
}
