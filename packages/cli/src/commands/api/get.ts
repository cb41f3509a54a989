import { usageError } from "../../command-error.ts";
import { REQUEST_ENVIRONMENT, defineCommand, REQUEST_EXIT_CODES } from "../command.ts";
import { callPath, PATH_ARGUMENT } from "./call-path.ts";

export const command = defineCommand({
  arguments: { path: PATH_ARGUMENT },
  examples: [{ line: "api get /user/me", says: "The answer as it comes" }],
  exitCodes: REQUEST_EXIT_CODES,
  environment: REQUEST_ENVIRONMENT,
  run({ args }, context) {
    // The build without the commands that change something keeps this one.
    const query = args.path.slice(args.path.indexOf("?") + 1);
    if (new URLSearchParams(query).has("_method")) {
      throw usageError("a GET with _method changes things on old servers, so it is not sent", null);
    }
    return callPath(context, "GET", args.path);
  },
});
