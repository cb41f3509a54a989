import { getMyToken } from "@conch/contract/token";
import { connect } from "../../connect.ts";
import { tokenFields } from "../../output/tokens.ts";
import { orNotFound } from "../../not-found.ts";
import { checkTokenName } from "../../token-name.ts";
import { REQUEST_ENVIRONMENT, defineCommand, REQUEST_EXIT_CODES } from "../command.ts";

export const command = defineCommand({
  description: "The value of a token is shown when it is made, and never again.",
  arguments: { name: { summary: "the token's name", complete: "tokens" } },
  examples: [{ line: "user token get ci", says: "When was the token ci last used?" }],
  exitCodes: REQUEST_EXIT_CODES,
  environment: REQUEST_ENVIRONMENT,
  async run({ args }, context) {
    const name = checkTokenName(args.name);
    const { client } = await connect(context);
    const { body } = await orNotFound(
      client.call(getMyToken, { params: { name } }),
      `you have no API token named "${name}"`,
      "conch user tokens lists them",
    );
    return { json: body, text: (style) => tokenFields(style, body) };
  },
});
