import { listUserTokens } from "@conch/contract/token";
import { connect } from "../../connect.ts";
import { orNotFound } from "../../not-found.ts";
import { tokenList } from "../../output/tokens.ts";
import { userInPath } from "../../user-id.ts";
import { defineCommand } from "../command.ts";
import { ADMIN_COMMAND, noSuchUser, USER_ARGUMENT } from "./shared.ts";

export const command = defineCommand({
  ...ADMIN_COMMAND,
  arguments: { user: USER_ARGUMENT },
  examples: [{ line: "admin user ben@example.com tokens", says: "Which tokens do they have?" }],
  async run({ args }, context) {
    const user = userInPath(args.user);
    const { client } = await connect(context);
    const call = client.call(listUserTokens, { params: { user } });
    const { body } = await orNotFound(call, ...noSuchUser(args.user));
    return tokenList(body, "no API tokens");
  },
});
