import { setSetting } from "@conch/contract/settings";
import { connect } from "../../connect.ts";
import { printable } from "../../output/style.ts";
import { CREDENTIAL_ENVIRONMENT, defineCommand, REQUEST_EXIT_CODES } from "../command.ts";

export const command = defineCommand({
  arguments: {
    name: { summary: "the setting's name" },
    value: { summary: "JSON where it can be read as JSON (3, true, null, {…}), else text" },
  },
  examples: [
    { line: "user setting theme set dark", says: "Text" },
    { line: "user setting limits set '{\"rows\": 20}'", says: "JSON" },
    { line: "user setting build set '\"42\"'", says: "The text 42, not the number" },
  ],
  exitCodes: REQUEST_EXIT_CODES,
  environment: CREDENTIAL_ENVIRONMENT,
  async run({ args: { name, value } }, context) {
    const { client } = await connect(context);
    const body = { [name]: parseValue(value) };
    await client.call(setSetting, { params: { key: name }, body });
    return {
      json: body,
      text: `${printable(name)} is ${printable(JSON.stringify(body[name]))}`,
    };
  },
});

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
