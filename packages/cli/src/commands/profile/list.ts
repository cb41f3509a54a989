import { sortedBy } from "../../output/json.ts";
import { showProfile, stateCell } from "../../output/profiles.ts";
import { printable } from "../../output/style.ts";
import { table } from "../../output/table.ts";
import { openProfiles, readConfig } from "../../profile-access.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  description: "Reads the config file only; conch profile status asks the servers.",
  examples: [{ line: "profile list", says: "Which profiles are there, and which one is active?" }],
  exitCodes: [],
  environment: ["CONCH_CONFIG", "NO_COLOR"],
  async run(_, context) {
    const profiles = openProfiles(context);
    const sorted = sortedBy((await readConfig(context, profiles)).profiles, ({ name }) => name);
    const shown = await Promise.all(
      sorted.map((profile) => showProfile(profile, profiles.secrets)),
    );
    return {
      json: shown,
      text: (style) =>
        table(
          style,
          ["", "NAME", "USER", "AUTH", "KEPT IN", "URL", "EXPIRES"],
          shown.map((profile) => [
            profile.active ? "*" : "",
            printable(profile.name),
            printable(profile.user ?? "-"),
            profile.auth,
            profile.store ?? "-",
            printable(profile.url),
            stateCell(style, profile),
          ]),
          "no profiles: make one with conch profile create",
        ),
    };
  },
});
