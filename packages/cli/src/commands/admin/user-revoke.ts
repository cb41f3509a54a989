import { revokeUser } from "@conch/contract/user";
import { connect } from "../../connect.ts";
import { noteMail } from "../../mail-note.ts";
import { orNotFound } from "../../not-found.ts";
import { printable } from "../../output/style.ts";
import { receiptLine, receiptOf, WAIT_OPTION, waitInput } from "../../revocation.ts";
import { confirmLoss, SCOPE_OPTIONS, SCOPE_WORDS, scopeOf, scopeQuery } from "../../scope.ts";
import { userInPath } from "../../user-id.ts";
import { defineCommand } from "../command.ts";
import { ADMIN_COMMAND, noSuchUser, USER_ARGUMENT } from "./shared.ts";

export const command = defineCommand({
  ...ADMIN_COMMAND,
  description:
    "Revokes a user's API tokens and login sessions, on every machine, and mails them so. On a terminal\nit asks first; elsewhere revoking both needs --force.",
  arguments: { user: USER_ARGUMENT },
  options: { ...SCOPE_OPTIONS, noMail: { summary: "do not mail them" }, wait: WAIT_OPTION },
  examples: [
    {
      line: "admin user ben@example.com revoke --all --force --wait",
      says: "On the night of a leak: everything, now, and know when it is dead everywhere",
    },
  ],
  async run({ args, options }, context) {
    const scope = scopeOf(options);
    const user = userInPath(args.user);
    const { client, destination } = await connect(context);
    await confirmLoss(context, {
      text: `Revoke all ${SCOPE_WORDS[scope]} of ${args.user} at ${destination.url}?`,
      force: options.force,
      needsForce: scope === "all",
    });
    const input = waitInput(context, options.wait);
    const query = {
      ...scopeQuery(scope),
      ...(options.noMail ? { send_mail: "0" } : {}),
      ...input.query,
    };
    const call = client.call(revokeUser, { ...input, params: { user }, query });
    const { body, mail } = await context.waiting(
      "revoking",
      orNotFound(call, ...noSuchUser(args.user)),
    );
    noteMail(context, mail);
    const revocation = receiptOf(context, options.wait, body);
    return {
      json: { user: args.user, scope, revoked: true, revocation },
      text: `revoked all ${SCOPE_WORDS[scope]} of ${printable(args.user)}${receiptLine(revocation)}`,
    };
  },
});
