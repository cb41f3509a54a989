import { profileFields, showProfile } from "../../output/profiles.ts";
import { openProfiles } from "../../profile-access.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  description:
    "The active profile is used where neither a token nor a profile is named. It is the same for every\nshell: to choose one for a shell alone, set CONCH_PROFILE.",
  arguments: { name: { summary: "the profile's name", complete: "profiles" } },
  examples: [{ line: "profile set active staging", says: "Use the profile staging from now on" }],
  exitCodes: [5],
  environment: ["CONCH_CONFIG", "CONCH_PROFILE"],
  async run({ args: { name } }, context) {
    const { store, secrets } = openProfiles(context);
    const profile = await store.update((draft) => {
      draft.activate(name);
      return draft.find(name);
    });
    if (profile === null) throw new Error("the activated profile is gone");
    if ((context.env["CONCH_PROFILE"] ?? name) !== name) {
      context.note(`CONCH_PROFILE is set in this shell, and goes before the active profile`);
    }
    const shown = await showProfile(profile, secrets);
    return { json: shown, text: (style) => profileFields(style, shown) };
  },
});
