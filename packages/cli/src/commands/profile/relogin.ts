import { usageError } from "../../command-error.ts";
import { LOG_IN_OPTIONS, logIn } from "../../log-in.ts";
import { profileFields, showProfile } from "../../output/profiles.ts";
import { placeFor, requireSame, STORE_OPTION, useProfile } from "../../profile-use.ts";
import { quoteWord } from "../../profiles/quote-word.ts";
import { defineCommand, NETWORK_ENVIRONMENT } from "../command.ts";

export const command = defineCommand({
  description:
    "Starts a new login session for the profile. After a reset, log in with the one-time password: the\nnew one is then asked for, or taken from --new-password.",
  options: {
    user: { value: "USER", summary: "log in as this user; else as the profile's" },
    ...LOG_IN_OPTIONS,
    store: STORE_OPTION,
  },
  examples: [
    { line: "profile relogin", says: "Log in again; the password is asked for" },
    {
      line: "--profile work profile relogin --password - --new-password -",
      says: "After a reset, from a script: both passwords on stdin, a line each",
    },
  ],
  exitCodes: [3, 5, 6],
  environment: ["CONCH_PROFILE", "CONCH_CONFIG", ...NETWORK_ENVIRONMENT],
  async run({ options }, context) {
    const { profile, profiles, url } = await useProfile(context);
    const { name, credential } = profile;
    const user = options.user ?? profile.user;
    if (credential.kind === "token" || credential.kind === "process") {
      throw usageError(
        `the profile "${name}" uses an API token, which needs no login`,
        `to replace the token: conch profile set token; to log in instead: conch profile create --name ${quoteWord(name)} --user USER --overwrite`,
      );
    }
    if (user === "") {
      throw usageError(`the profile "${name}" does not say as whom to log in`, "give --user USER");
    }
    const place = placeFor(options.store, profile);
    await profiles.store.checkWritable(place);
    const session = await logIn(context, {
      url,
      user,
      password: options.password,
      newPassword: options.newPassword,
      commandLine: `conch --profile ${quoteWord(name)} profile relogin --password - --new-password -`,
    });
    const stored = await profiles.store.update(async (draft) => {
      requireSame(draft, profile);
      const { jwt: value, expiresAtMs } = session;
      await draft.put(name, { user, credential: { kind: "session", value, place, expiresAtMs } });
      return draft.find(name);
    });
    const shown = await showProfile(stored ?? profile, profiles.secrets);
    return { json: shown, text: (style) => profileFields(style, shown) };
  },
});
