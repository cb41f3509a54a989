import { usageError } from "../../command-error.ts";
import { defineCommand } from "../command.ts";
import { ADMIN_COMMAND, USER_ARGUMENT } from "./shared.ts";
import { changeUser } from "./update-user.ts";

export const command = defineCommand({
  ...ADMIN_COMMAND,
  arguments: { user: USER_ARGUMENT },
  options: {
    email: { value: "ADDRESS", summary: "their new e-mail address" },
    name: { value: "NAME", summary: "their new name" },
  },
  examples: [{ line: "admin user ben@example.com update --name Ben", says: "Change the name" }],
  async run({ args, options: { email, name } }, context) {
    if (email === undefined && name === undefined) {
      throw usageError("nothing to change", "give --email ADDRESS, --name NAME, or both");
    }
    return changeUser(context, args.user, {
      ...(email === undefined ? {} : { email }),
      ...(name === undefined ? {} : { name }),
    });
  },
});
