import { feature } from "bun:bundle";
import { resetPassword } from "@conch/contract/user";
import { connect } from "../../connect.ts";
import { noteMail } from "../../mail-note.ts";
import { orNotFound } from "../../not-found.ts";
import { printable } from "../../output/style.ts";
import { receiptLine, receiptOf, WAIT_OPTION, waitInput } from "../../revocation.ts";
import { userInPath } from "../../user-id.ts";
import { defineCommand } from "../command.ts";
import { ADMIN_COMMAND, noSuchUser, USER_ARGUMENT } from "./shared.ts";

export const command = defineCommand({
  ...ADMIN_COMMAND,
  description:
    "Gives a user a random one-time password, mails it, and ends their login sessions. When they log in\nwith it, they must set a new one.",
  arguments: { user: USER_ARGUMENT },
  options: {
    ...(feature("DISABLE_API_TOKEN_CRUD")
      ? {}
      : { revokeTokens: { summary: "revoke their API tokens, too" } as const }),
    wait: WAIT_OPTION,
  },
  examples: [{ line: "admin user ben@example.com reset", says: "Mail them a one-time password" }],
  async run({ args, options }, context) {
    const isRevoking = feature("DISABLE_API_TOKEN_CRUD")
      ? false
      : "revokeTokens" in options && options.revokeTokens;
    const user = userInPath(args.user);
    const { client } = await connect(context);
    const input = waitInput(context, options.wait);
    const call = client.call(resetPassword, {
      ...input,
      params: { user },
      query: { clear_tokens: isRevoking ? "all" : "login_only", ...input.query },
    });
    const { body, mail } = await context.waiting(
      "resetting",
      orNotFound(call, ...noSuchUser(args.user)),
    );
    noteMail(context, mail);
    const revocation = receiptOf(context, options.wait, body);
    return {
      json: { user: args.user, reset: true, revoked_tokens: isRevoking, mail, revocation },
      text:
        `reset the password of ${printable(args.user)}${isRevoking ? " and revoked their API tokens" : ""}` +
        `; a one-time password was ${mail === "file" ? "written" : "mailed"}${receiptLine(revocation)}`,
    };
  },
});
