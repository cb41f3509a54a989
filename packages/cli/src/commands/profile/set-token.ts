import { checkToken } from "../../check-token.ts";
import { profileFields, showProfile } from "../../output/profiles.ts";
import { placeFor, requireSame, STORE_OPTION, useProfile } from "../../profile-use.ts";
import { requireSecret } from "../../secret-input.ts";
import { defineCommand, NETWORK_ENVIRONMENT } from "../command.ts";

export const command = defineCommand({
  description:
    "Turns the profile to token authentication with that token, after the server was asked about it.",
  arguments: {
    token: {
      summary: "the API token; - reads one line of stdin; asked for where it is not given",
      optional: true,
    },
  },
  options: { store: STORE_OPTION },
  examples: [
    { line: "profile set token", says: "The token is asked for, without echo" },
    {
      line: "--profile ci profile set token - < token.txt",
      says: "From a file, in the profile ci",
    },
  ],
  exitCodes: [3, 5, 6],
  environment: ["CONCH_PROFILE", "CONCH_CONFIG", ...NETWORK_ENVIRONMENT],
  async run({ args, options }, context) {
    const { profile, profiles, url } = await useProfile(context);
    const { store, secrets } = profiles;
    const given = await requireSecret(context, {
      flag: "TOKEN",
      given: args.token,
      prompt: "API token",
    });
    const value = await secrets.openDirect({ from: "value", value: given }, "TOKEN");
    await checkToken(context, url, value);
    const place = placeFor(options.store, profile);
    const stored = await store.update(async (draft) => {
      requireSame(draft, profile);
      await draft.put(profile.name, { credential: { kind: "token", value, place } });
      return draft.find(profile.name);
    });
    const shown = await showProfile(stored ?? profile, secrets);
    return { json: shown, text: (style) => profileFields(style, shown) };
  },
});
