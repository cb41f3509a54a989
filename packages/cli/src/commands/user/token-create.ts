import { createMyToken } from "@conch/contract/token";
import { connect } from "../../connect.ts";
import { parseExpiry } from "../../expiry.ts";
import { tokenFields } from "../../output/tokens.ts";
import { quoteWord } from "../../profiles/quote-word.ts";
import { checkTokenName } from "../../token-name.ts";
import { REQUEST_ENVIRONMENT, defineCommand, REQUEST_EXIT_CODES } from "../command.ts";

export const command = defineCommand({
  description:
    "The value is shown this once; nobody can show it again. Without --expires the server decides how\nlong the token lives.",
  arguments: { name: { summary: "a name that tells you later where it is used" } },
  options: {
    expires: {
      value: "WHEN",
      summary: "12h, 90d, 2w, 1y, or the last day on which it works (2027-01-31)",
    },
    rights: {
      value: "RIGHTS",
      choices: ["full", "read", "verify"],
      summary: "full: all that you may do (default); read: only look; verify: only check tokens",
    },
  },
  examples: [
    { line: "user token create ci --expires 90d", says: "A token for 90 days" },
    {
      line: "user token create gate --rights verify",
      says: "A token for a service that checks tokens",
    },
    { line: "--json user token create ci | jq -r .token", says: "Only its value" },
  ],
  exitCodes: REQUEST_EXIT_CODES,
  environment: REQUEST_ENVIRONMENT,
  async run({ args, options }, context) {
    const name = checkTokenName(args.name);
    const expires =
      options.expires === undefined ? undefined : parseExpiry(options.expires, context.nowMs());
    const { client } = await connect(context);
    const { body } = await client.call(createMyToken, {
      body: {
        name,
        ...(expires === undefined ? {} : { expires }),
        ...(options.rights === undefined ? {} : { rights: options.rights }),
      },
    });
    context.note("this value is shown once: store it now");
    return {
      json: body,
      text: (style) => `${tokenFields(style, body)}\n${style.dim("token")}      ${body.token}`,
      ifLost: `the token was made, and nobody knows its value: conch user token rm ${quoteWord(name)} removes it`,
    };
  },
});
