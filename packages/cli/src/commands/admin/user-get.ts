import { getUser } from "@conch/contract/user";
import { connect } from "../../connect.ts";
import { orNotFound } from "../../not-found.ts";
import { userFields } from "../../output/users.ts";
import { userInPath } from "../../user-id.ts";
import { defineCommand } from "../command.ts";
import { ADMIN_COMMAND, noSuchUser, USER_ARGUMENT } from "./shared.ts";

export const command = defineCommand({
  ...ADMIN_COMMAND,
  arguments: { user: USER_ARGUMENT },
  examples: [{ line: "admin user ben@example.com get", says: "Who is that?" }],
  async run({ args }, context) {
    const user = userInPath(args.user);
    const { client } = await connect(context);
    const call = client.call(getUser, { params: { user } });
    const { body } = await orNotFound(call, ...noSuchUser(args.user));
    return { json: body, text: (style) => userFields(style, body) };
  },
});
