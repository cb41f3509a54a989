import { listUsers } from "@conch/contract/user";
import { connect } from "../../connect.ts";
import { sortedBy } from "../../output/json.ts";
import { printable } from "../../output/style.ts";
import { table } from "../../output/table.ts";
import { showTime } from "../../output/time.ts";
import { defineCommand } from "../command.ts";
import { ADMIN_COMMAND } from "./shared.ts";

export const command = defineCommand({
  ...ADMIN_COMMAND,
  examples: [{ line: "admin users", says: "All active users" }],
  async run(_, context) {
    const { client } = await connect(context);
    const { body } = await client.call(listUsers, {});
    const users = sortedBy(body, ({ name, email }) => `${name}\0${email}`);
    return {
      json: users,
      text: (style) =>
        table(
          style,
          ["NAME", "EMAIL", "ADMIN", "LAST LOGIN", "ID"],
          users.map((user) => [
            printable(user.name),
            printable(user.email),
            user.is_admin ? "yes" : "no",
            showTime(user.last_login),
            user.id,
          ]),
          "no users",
        ),
    };
  },
});
