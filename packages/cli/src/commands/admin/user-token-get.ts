import { getUserToken } from "@conch/contract/token";
import { connect } from "../../connect.ts";
import { orNotFound } from "../../not-found.ts";
import { tokenFields } from "../../output/tokens.ts";
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
  examples: [{ line: "admin user ben@example.com token get ci", says: "When was it last used?" }],
  async run({ args }, context) {
    const user = userInPath(args.user);
    const name = checkTokenName(args.name);
    const { client } = await connect(context);
    const { body } = await orNotFound(
      client.call(getUserToken, { params: { user, name } }),
      `${args.user} has no API token named "${name}"`,
      `conch admin user ${args.user} tokens lists them`,
    );
    return { json: body, text: (style) => tokenFields(style, body) };
  },
});
