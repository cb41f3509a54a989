import { removeMyToken } from "@conch/contract/token";
import { connect } from "../../connect.ts";
import { orNotFound } from "../../not-found.ts";
import { printable } from "../../output/style.ts";
import { receiptLine, receiptOf, WAIT_OPTION, waitInput } from "../../revocation.ts";
import { checkTokenName } from "../../token-name.ts";
import { REQUEST_ENVIRONMENT, defineCommand, REQUEST_EXIT_CODES } from "../command.ts";

export const command = defineCommand({
  description: "Its name is free at once.",
  arguments: { name: { summary: "the token's name", complete: "tokens" } },
  options: { wait: WAIT_OPTION },
  examples: [
    { line: "user token rm ci", says: "Remove the token ci" },
    { line: "user token rm ci --wait", says: "The same, and know when it is dead everywhere" },
  ],
  exitCodes: REQUEST_EXIT_CODES,
  environment: REQUEST_ENVIRONMENT,
  async run({ args, options }, context) {
    const name = checkTokenName(args.name);
    const { client } = await connect(context);
    const removal = client.call(removeMyToken, {
      params: { name },
      ...waitInput(context, options.wait),
    });
    const { body } = await context.waiting(
      `removing "${printable(name)}"`,
      orNotFound(removal, `you have no API token named "${name}"`, "conch user tokens lists them"),
    );
    const revocation = receiptOf(context, options.wait, body);
    return {
      json: { name, removed: true, revocation },
      text: `removed the token "${printable(name)}"${receiptLine(revocation)}`,
    };
  },
});
