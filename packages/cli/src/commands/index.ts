import { feature } from "bun:bundle";
import { createIndex } from "./registry.ts";

/**
 * Every command of this build, by path; the aliases are those of the last word. Each is loaded when
 * it is run. What a build flag removes is removed here, so that its module is not in the binary.
 */
export const BUILD_COMMANDS = createIndex({
  "user tokens": {
    summary: "List your API tokens",
    load: () => import("./user/tokens.ts"),
  },
  "user token get": {
    summary: "Show one of your API tokens, without its value",
    load: () => import("./user/token-get.ts"),
  },
  ...(feature("DISABLE_API_TOKEN_CRUD")
    ? {}
    : {
        "user token create": {
          summary: "Make an API token and show its value, this once",
          load: () => import("./user/token-create.ts"),
        },
        "user token rm": {
          summary: "Remove an API token",
          aliases: ["remove", "delete", "del"],
          load: () => import("./user/token-rm.ts"),
        },
      }),
});
