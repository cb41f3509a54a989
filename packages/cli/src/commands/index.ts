import { feature } from "bun:bundle";
import { createIndex } from "./registry.ts";

const PROFILE_COMMANDS = {
  "profile create": {
    summary: "Make a profile, from a token or by logging in",
    aliases: ["new", "add"],
    load: () => import("./profile/create.ts"),
  },
  "profile list": {
    summary: "List the profiles",
    aliases: ["ls"],
    load: () => import("./profile/list.ts"),
  },
  "profile status": {
    summary: "Ask the servers whether the credentials are good",
    load: () => import("./profile/status.ts"),
  },
  "profile which": {
    summary: "Show the credential in use, where it goes, and why",
    load: () => import("./profile/which.ts"),
  },
  "profile delete": {
    summary: "Forget a profile",
    aliases: ["del", "rm"],
    load: () => import("./profile/delete.ts"),
  },
  "profile set active": {
    summary: "Make a profile the active one",
    load: () => import("./profile/set-active.ts"),
  },
  "profile set token": {
    summary: "Give the profile an API token",
    load: () => import("./profile/set-token.ts"),
  },
  "profile relogin": {
    summary: "Log the profile in again",
    load: () => import("./profile/relogin.ts"),
  },
  ...(feature("DISABLE_API_TOKEN_CRUD")
    ? {}
    : {
        "profile upgrade": {
          summary: "Make an API token for the profile, in place of its login",
          load: () => import("./profile/upgrade.ts"),
        },
        "profile revoke-tokens": {
          summary: "Revoke all your API tokens, login sessions, or both",
          load: () => import("./profile/revoke-tokens.ts"),
        },
      }),
  "profile change-password": {
    summary: "Change your password",
    load: () => import("./profile/change-password.ts"),
  },
};

const USER_COMMANDS = {
  "user profile": {
    summary: "Show your account",
    load: () => import("./user/profile.ts"),
  },
  "user settings": {
    summary: "List your settings",
    load: () => import("./user/settings.ts"),
  },
  "user setting <name> get": {
    summary: "Show a setting",
    load: () => import("./user/setting-get.ts"),
  },
  "user setting <name> set": {
    summary: "Set a setting",
    load: () => import("./user/setting-set.ts"),
  },
  "user setting <name> delete": {
    summary: "Remove a setting",
    aliases: ["remove", "rm", "del"],
    load: () => import("./user/setting-delete.ts"),
  },
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
};

const ADMIN_COMMANDS = feature("DISABLE_ADMIN_FUNCTIONS")
  ? {}
  : {
      "admin users": {
        summary: "List the active users",
        load: () => import("./admin/users.ts"),
      },
      "admin user <user> get": {
        summary: "Show a user",
        load: () => import("./admin/user-get.ts"),
      },
      "admin user <user> create": {
        summary: "Make a user",
        load: () => import("./admin/user-create.ts"),
      },
      "admin user <user> update": {
        summary: "Change a user's address or name",
        load: () => import("./admin/user-update.ts"),
      },
      "admin user <user> promote": {
        summary: "Make a user an administrator",
        load: () => import("./admin/user-promote.ts"),
      },
      "admin user <user> demote": {
        summary: "Make a user an administrator no more",
        load: () => import("./admin/user-demote.ts"),
      },
      "admin user <user> reset": {
        summary: "Reset a user's password",
        load: () => import("./admin/user-reset.ts"),
      },
      "admin user <user> tokens": {
        summary: "List a user's API tokens",
        load: () => import("./admin/user-tokens.ts"),
      },
      "admin user <user> token get": {
        summary: "Show one of a user's API tokens",
        load: () => import("./admin/user-token-get.ts"),
      },
      ...(feature("DISABLE_API_TOKEN_CRUD")
        ? {}
        : {
            "admin user <user> delete": {
              summary: "Deactivate a user",
              load: () => import("./admin/user-delete.ts"),
            },
            "admin user <user> revoke": {
              summary: "Revoke a user's API tokens, login sessions, or both",
              load: () => import("./admin/user-revoke.ts"),
            },
            "admin user <user> token rm": {
              summary: "Remove one of a user's API tokens",
              aliases: ["remove", "delete", "del"],
              load: () => import("./admin/user-token-rm.ts"),
            },
          }),
    };

/**
 * Every command of this build, by path; the aliases are those of the last word. Each is loaded when
 * it is run. What a build flag removes is removed here, so that its module is not in the binary.
 */
export const BUILD_COMMANDS = createIndex({
  ...PROFILE_COMMANDS,
  ...USER_COMMANDS,
  ...ADMIN_COMMANDS,
  "api get": {
    summary: "GET a path with the credential in use",
    load: () => import("./api/get.ts"),
  },
  ...(feature("DISABLE_API_TOKEN_CRUD")
    ? {}
    : {
        "api post": {
          summary: "POST to a path with the credential in use",
          load: () => import("./api/post.ts"),
        },
        "api delete": {
          summary: "DELETE a path with the credential in use",
          load: () => import("./api/delete.ts"),
        },
      }),
  completion: {
    summary: "Print a script that completes commands in a shell",
    load: () => import("./general/completion.ts"),
  },
  version: {
    summary: "Show the versions of client and server, and the build flags",
    load: () => import("./general/version.ts"),
  },
  help: {
    summary: "Show help for a command",
    load: () => import("./general/help.ts"),
  },
});
