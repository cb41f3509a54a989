import { deleteSetting } from "@conch/contract/settings";
import { connect } from "../../connect.ts";
import { orNotFound } from "../../not-found.ts";
import { printable } from "../../output/style.ts";
import { REQUEST_ENVIRONMENT, defineCommand, REQUEST_EXIT_CODES } from "../command.ts";

export const command = defineCommand({
  arguments: { name: { summary: "the setting's name" } },
  examples: [{ line: "user setting theme delete", says: "Remove the setting theme" }],
  exitCodes: REQUEST_EXIT_CODES,
  environment: REQUEST_ENVIRONMENT,
  async run({ args: { name } }, context) {
    const { client } = await connect(context);
    await orNotFound(
      client.call(deleteSetting, { params: { key: name }, query: {} }),
      `you have no setting named "${name}"`,
      "conch user settings lists them",
    );
    return { json: { name, removed: true }, text: `removed the setting "${printable(name)}"` };
  },
});
