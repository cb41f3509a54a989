import { defineCommand } from "../command.ts";
import { ADMIN_COMMAND, USER_ARGUMENT } from "./shared.ts";
import { changeUser } from "./update-user.ts";

export const command = defineCommand({
  ...ADMIN_COMMAND,
  arguments: { user: USER_ARGUMENT },
  examples: [{ line: "admin user ben@example.com promote", says: "Make them an administrator" }],
  run({ args }, context) {
    return changeUser(context, args.user, { is_admin: true });
  },
});
