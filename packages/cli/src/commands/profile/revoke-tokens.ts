import { revokeMine } from "@conch/contract/user";
import { connect } from "../../connect.ts";
import { dropCredential } from "../../drop-credential.ts";
import { receiptLine, receiptOf, WAIT_OPTION, waitInput } from "../../revocation.ts";
import { confirmLoss, SCOPE_OPTIONS, SCOPE_WORDS, scopeOf, scopeQuery } from "../../scope.ts";
import { REQUEST_ENVIRONMENT, defineCommand } from "../command.ts";

export const command = defineCommand({
  description:
    "Revokes all your API tokens and all your login sessions, on every machine. On a terminal it asks\nfirst; elsewhere revoking both needs --force. The profile in use loses a credential that died.",
  options: { ...SCOPE_OPTIONS, wait: WAIT_OPTION },
  examples: [
    { line: "profile revoke-tokens --tokens-only", says: "All API tokens, but stay logged in" },
    {
      line: "profile revoke-tokens --all --force --wait",
      says: "Everything, without a question, and know when it is dead everywhere",
    },
  ],
  exitCodes: [3, 4, 6],
  environment: REQUEST_ENVIRONMENT,
  async run({ options }, context) {
    const scope = scopeOf(options);
    const connection = await connect(context);
    const { client, destination } = connection;
    await confirmLoss(context, {
      text: `Revoke all your ${SCOPE_WORDS[scope]} at ${destination.url}?`,
      force: options.force,
      needsForce: scope === "all",
    });
    const input = waitInput(context, options.wait);
    const { body } = await context.waiting(
      "revoking",
      client.call(revokeMine, { ...input, query: { ...scopeQuery(scope), ...input.query } }),
    );
    const dropped = await dropCredential(context, connection, {
      tokens: scope !== "logins",
      logins: scope !== "tokens",
    });
    const revocation = receiptOf(context, options.wait, body);
    return {
      json: { scope, revoked: true, credential_dropped: dropped, revocation },
      text: `revoked all your ${SCOPE_WORDS[scope]}${receiptLine(revocation)}`,
    };
  },
});
