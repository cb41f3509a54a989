import { getMe } from "@conch/contract/user";
import { connect } from "../../connect.ts";
import { userFields } from "../../output/users.ts";
import { REQUEST_ENVIRONMENT, defineCommand, REQUEST_EXIT_CODES } from "../command.ts";

export const command = defineCommand({
  examples: [{ line: "user profile", says: "Who am I here?" }],
  exitCodes: REQUEST_EXIT_CODES,
  environment: REQUEST_ENVIRONMENT,
  async run(_, context) {
    const { client } = await connect(context);
    const { body } = await client.call(getMe, {});
    return { json: body, text: (style) => userFields(style, body) };
  },
});
