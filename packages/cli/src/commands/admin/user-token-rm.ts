import { removeUserToken } from "@conch/contract/token";
import { connect } from "../../connect.ts";
import { orNotFound } from "../../not-found.ts";
import { printable } from "../../output/style.ts";
import { receiptLine, receiptOf, WAIT_OPTION, waitInput } from "../../revocation.ts";
import { checkTokenName } from "../../token-name.ts";
import { userInPath } from "../../user-id.ts";
import { defineCommand } from "../command.ts";
import { ADMIN_COMMAND, USER_ARGUMENT } from "./shared.ts";

export const command = defineCommand({
  ...ADMIN_COMMAND,
  arguments: {
    user: USER_ARGUMENT,
    name: { summary: "the token's name", complete: "user-tokens" },
  },
  options: { wait: WAIT_OPTION },
  examples: [{ line: "admin user ben@example.com token rm ci --wait", says: "Take one away" }],
  async run({ args, options }, context) {
    const user = userInPath(args.user);
    const name = checkTokenName(args.name);
    const { client } = await connect(context);
    const call = client.call(removeUserToken, {
      params: { user, name },
      ...waitInput(context, options.wait),
    });
    const { body } = await context.waiting(
      "removing",
      orNotFound(
        call,
        `${args.user} has no API token named "${name}"`,
        `conch admin user ${args.user} tokens lists them`,
      ),
    );
    const revocation = receiptOf(context, options.wait, body);
    return {
      json: { user: args.user, name, removed: true, revocation },
      text: `removed the token "${printable(name)}" of ${printable(args.user)}${receiptLine(revocation)}`,
    };
  },
});
