import { getSettings } from "@conch/contract/settings";
import { connect } from "../../connect.ts";
import { sortedEntries } from "../../output/json.ts";
import { printable } from "../../output/style.ts";
import { table } from "../../output/table.ts";
import { REQUEST_ENVIRONMENT, defineCommand, REQUEST_EXIT_CODES } from "../command.ts";

export const command = defineCommand({
  examples: [{ line: "user settings", says: "All settings, by name" }],
  exitCodes: REQUEST_EXIT_CODES,
  environment: REQUEST_ENVIRONMENT,
  async run(_, context) {
    const { client } = await connect(context);
    const { body } = await client.call(getSettings, {});
    const settings = sortedEntries(body);
    return {
      json: settings,
      text: (style) =>
        table(
          style,
          ["NAME", "VALUE"],
          [...settings].map(([name, value]) => [printable(name), printable(JSON.stringify(value))]),
          "no settings",
        ),
    };
  },
});
