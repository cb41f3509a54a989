import { getSetting } from "@conch/contract/settings";
import { CommandError } from "../../command-error.ts";
import { connect } from "../../connect.ts";
import { EXIT } from "../../exit-codes.ts";
import { orNotFound } from "../../not-found.ts";
import { printableLines } from "../../output/style.ts";
import { REQUEST_ENVIRONMENT, defineCommand, REQUEST_EXIT_CODES } from "../command.ts";

export const command = defineCommand({
  description: "Text is printed as it is, anything else as JSON.",
  arguments: { name: { summary: "the setting's name" } },
  examples: [{ line: "user setting theme get", says: "The value of the setting theme" }],
  exitCodes: REQUEST_EXIT_CODES,
  environment: REQUEST_ENVIRONMENT,
  async run({ args: { name } }, context) {
    const { client } = await connect(context);
    const message = `you have no setting named "${name}"`;
    const hint = "conch user settings lists them";
    const call = client.call(getSetting, { params: { key: name } });
    const { body } = await orNotFound(call, message, hint);
    if (!Object.hasOwn(body, name)) {
      throw new CommandError(
        EXIT.unavailable,
        "incompatible_reply",
        `the server's answer does not hold the setting "${name}"`,
      );
    }
    const value = body[name];
    return {
      json: body,
      text: typeof value === "string" ? printableLines(value) : JSON.stringify(value, null, 2),
    };
  },
});
