import { feature } from "bun:bundle";
import { CommandError } from "../../command-error.ts";
import { EXIT } from "../../exit-codes.ts";
import { printable } from "../../output/style.ts";
import { openProfiles, readConfig } from "../../profile-access.ts";
import { quoteWord } from "../../profiles/quote-word.ts";
import type { Profile } from "../../profiles/profile.ts";
import { defineCommand, NETWORK_ENVIRONMENT } from "../command.ts";

export const command = defineCommand({
  description: feature("DISABLE_API_TOKEN_CRUD")
    ? "Forgets a profile. Its credential stays alive on the server, and is named."
    : "Forgets a profile. Its credential stays alive on the server, and is named, unless --revoke ends it\nthere first.",
  arguments: { name: { summary: "the profile's name", complete: "profiles" } },
  options: feature("DISABLE_API_TOKEN_CRUD")
    ? {}
    : { revoke: { summary: "end its credential on the server first" } as const },
  examples: [
    { line: "profile delete old", says: "Forget the profile old" },
    ...(feature("DISABLE_API_TOKEN_CRUD")
      ? []
      : [{ line: "profile delete old --revoke", says: "The same, and nothing of it stays alive" }]),
  ],
  exitCodes: [3, 5, 6],
  environment: ["CONCH_CONFIG", ...NETWORK_ENVIRONMENT],
  async run({ args: { name }, options }, context) {
    const profiles = openProfiles(context);
    const { store } = profiles;
    const profile = (await readConfig(context, profiles)).profiles.find(
      (each) => each.name === name,
    );
    if (profile === undefined) {
      throw new CommandError(
        EXIT.notFound,
        "profile_not_found",
        `there is no profile named "${name}"`,
        "conch profile list shows what there is",
      );
    }
    let revoked = false;
    if (feature("DISABLE_API_TOKEN_CRUD") ? false : "revoke" in options && options.revoke) {
      const { endCredential } = await import("../../end-credential.ts");
      revoked = await endCredential(context, profiles, profile);
    }
    const left = await store.update((draft) => {
      draft.remove(name);
      return draft.profiles;
    });
    if (!revoked && profile.credential.kind !== "none") context.note(whatStays(profile));
    if (profile.active) {
      context.note(
        left.length === 0
          ? "it was the last profile"
          : `it was the active profile, and none is active now: choose one with conch profile set active NAME (${left.map((each) => printable(each.name)).join(", ")})`,
      );
    }
    const tokenName = profile.credential.kind === "token" ? profile.credential.tokenName : null;
    return {
      json: { name, removed: true, revoked, was_active: profile.active, token_name: tokenName },
      text: `deleted the profile "${printable(name)}"${revoked ? ", and ended its credential on the server" : ""}`,
    };
  },
});

function whatStays({ apiUrl, credential }: Profile): string {
  if (credential.kind === "session")
    return `its login session stays alive at ${apiUrl} until it expires`;
  if (credential.kind === "process")
    return `its command was forgotten; tokens that it printed stay alive at ${apiUrl}`;
  const name = credential.kind === "token" ? credential.tokenName : null;
  if (name === null) {
    return `its API token stays alive at ${apiUrl}; the profile did not know its name: conch user tokens lists what there is`;
  }
  const removal = feature("DISABLE_API_TOKEN_CRUD")
    ? ""
    : `: conch user token rm ${printable(quoteWord(name))} removes it`;
  return `its API token "${printable(name)}" stays alive at ${apiUrl}${removal}`;
}
