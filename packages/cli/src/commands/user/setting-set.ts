import { parseExactJson } from "@conch/contract/exact-json";
import { setSetting } from "@conch/contract/settings";
import { usageError } from "../../command-error.ts";
import { connect } from "../../connect.ts";
import { printable } from "../../output/style.ts";
import { REQUEST_ENVIRONMENT, defineCommand, REQUEST_EXIT_CODES } from "../command.ts";

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
  environment: REQUEST_ENVIRONMENT,
  async run({ args: { name, value } }, context) {
    const body = { [name]: parseValue(value) };
    const { client } = await connect(context);
    await client.call(setSetting, { params: { key: name }, body });
    return {
      json: body,
      text: `${printable(name)} is ${printable(JSON.stringify(body[name]))}`,
    };
  },
});

/** @throws CommandError `usage` */
function parseValue(text: string): unknown {
  let parsed: ReturnType<typeof parseExactJson>;
  try {
    parsed = parseExactJson(text);
  } catch {
    return text;
  }
  if (parsed.isExact) return parsed.value;
  throw usageError(
    "the value holds a number too large to be kept as it is",
    `send it as text: '"12345678901234567890"'`,
  );
}
