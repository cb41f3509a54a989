import { deactivateUser } from "@conch/contract/user";
import { connect } from "../../connect.ts";
import { orNotFound } from "../../not-found.ts";
import { printable } from "../../output/style.ts";
import { receiptLine, receiptOf, WAIT_OPTION, waitInput } from "../../revocation.ts";
import { confirmLoss } from "../../scope.ts";
import { userInPath } from "../../user-id.ts";
import { defineCommand } from "../command.ts";
import { ADMIN_COMMAND, noSuchUser, USER_ARGUMENT } from "./shared.ts";

export const command = defineCommand({
  ...ADMIN_COMMAND,
  description:
    "Deactivates a user and takes their tokens and login sessions along. Their address is free for a new\nuser. On a terminal it asks first; elsewhere it needs --force.",
  arguments: { user: USER_ARGUMENT },
  options: { force: { summary: "do not ask" }, wait: WAIT_OPTION },
  examples: [{ line: "admin user ben@example.com delete --force", says: "Without a question" }],
  async run({ args, options }, context) {
    const user = userInPath(args.user);
    const { client, destination } = await connect(context);
    await confirmLoss(context, {
      text: `Delete ${args.user} at ${destination.url}, with all their tokens and logins?`,
      force: options.force,
      needsForce: true,
    });
    const call = client.call(deactivateUser, {
      params: { user },
      ...waitInput(context, options.wait),
    });
    const { body } = await context.waiting("deleting", orNotFound(call, ...noSuchUser(args.user)));
    const revocation = receiptOf(context, options.wait, body);
    return {
      json: { user: args.user, deactivated: true, revocation },
      text: `deleted ${printable(args.user)}, with all their tokens and logins${receiptLine(revocation)}`,
    };
  },
});
