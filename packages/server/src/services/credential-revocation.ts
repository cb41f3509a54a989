/** Takes away one credential, an API token or a login session, on the word of whoever holds it. */
import { ApiError } from "../errors.ts";
import type { Database } from "../store/database.ts";
import type { Found } from "../store/lookup.ts";
import { revokeTokens } from "../store/token.ts";
import { lockUser } from "../store/user.ts";
import type { Clock } from "./clock.ts";
import { writeRevocation } from "./confirmation.ts";
import type { ServerNode } from "./node.ts";
import { type Claim, credentialHash } from "./verification.ts";

/**
 * Revokes what a claim names; what is unknown, or dead already, is no error.
 *
 * @throws ApiError `revocation_unconfirmed` where this server cannot know that it is unknown.
 */
export type RevokeCredential = (claim: Claim) => Promise<void>;

/** Makes the function. */
export function createRevokeCredential(options: {
  readonly database: Database;
  readonly node: { readonly lease: Pick<ServerNode["lease"], "renew"> };
  readonly clock: Clock;
}): RevokeCredential {
  const { database, node, clock } = options;

  /**
   * A server that was superseded does not know what its successor has made since. Its word that
   * there is nothing to revoke counts after a renewal, which only the one true server can complete.
   * All who ask meanwhile share one, on a row of this node's: anybody may send tokens that are none,
   * and must hold up nobody's commits with them.
   */
  async function find(hash: Uint8Array): Promise<Found["credential"]> {
    const { credential } = await database.lookUp(hash);
    if (credential !== null) return credential;
    if (!(await node.lease.renew())) throw new ApiError("revocation_unconfirmed");
    return (await database.lookUp(hash)).credential;
  }

  return async ({ kind, text }) => {
    const credential = await find(credentialHash(text));
    if (credential?.token.kind !== kind) return;
    const tokenId = credential.token.id;
    const userId = credential.user.id;
    await writeRevocation(database, async (tx) => {
      // A revocation that was found may not be replicated yet. The lock is a write, so that this
      // commit waits for the standby too, and with it for all that came before.
      await lockUser(tx, userId);
      const wasLive = await revokeTokens(tx, [tokenId], clock.nowMs());
      return { value: undefined, changes: wasLive ? [{ kind: "token", tokenId, userId }] : [] };
    });
  };
}
