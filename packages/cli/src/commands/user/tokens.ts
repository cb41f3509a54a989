import { listMyTokens } from "@conch/contract/token";
import { connect } from "../../connect.ts";
import { tokenList } from "../../output/tokens.ts";
import { REQUEST_ENVIRONMENT, defineCommand, REQUEST_EXIT_CODES } from "../command.ts";

export const command = defineCommand({
  description:
    "Tokens that expire within 30 days are marked; expired ones stay listed for 30 days, marked, and\ntheir names are free again.",
  examples: [
    { line: "user tokens", says: "Which tokens do I have, and when were they last used?" },
  ],
  exitCodes: REQUEST_EXIT_CODES,
  environment: REQUEST_ENVIRONMENT,
  async run(_, context) {
    const { client } = await connect(context);
    const { body } = await client.call(listMyTokens, {});
    return tokenList(body, "no API tokens");
  },
});
