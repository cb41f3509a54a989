import { CREDENTIAL_ENVIRONMENT, defineCommand, REQUEST_EXIT_CODES } from "../command.ts";
import { callPath, PATH_ARGUMENT } from "./call-path.ts";

export const command = defineCommand({
  arguments: { path: PATH_ARGUMENT },
  examples: [{ line: "api get /user/me", says: "The answer as it comes" }],
  exitCodes: REQUEST_EXIT_CODES,
  environment: CREDENTIAL_ENVIRONMENT,
  run({ args }, context) {
    return callPath(context, "GET", args.path);
  },
});
