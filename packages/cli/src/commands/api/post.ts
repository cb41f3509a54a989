import { REQUEST_ENVIRONMENT, defineCommand, REQUEST_EXIT_CODES } from "../command.ts";
import { callPath, PATH_ARGUMENT, readBody } from "./call-path.ts";

export const command = defineCommand({
  arguments: {
    path: PATH_ARGUMENT,
    json: { summary: "the body: JSON, or - for stdin; none where it is left out", optional: true },
  },
  examples: [
    { line: 'api post /user/me/settings/theme \'{"theme": "dark"}\'', says: "Set a setting" },
  ],
  exitCodes: REQUEST_EXIT_CODES,
  environment: REQUEST_ENVIRONMENT,
  async run({ args }, context) {
    return callPath(context, "POST", args.path, await readBody(context, args.json));
  },
});
