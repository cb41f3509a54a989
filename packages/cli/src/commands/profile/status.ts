import { ClientError, describeFault } from "@conch/client/errors";
import { checkCredential } from "@conch/contract/session";
import { CommandError } from "../../command-error.ts";
import type { CommandContext } from "../../command-context.ts";
import { clientFor, credentialOf } from "../../connect.ts";
import { EXIT, type ExitCode } from "../../exit-codes.ts";
import { sortedBy } from "../../output/json.ts";
import { expiryCell, showProfile, type ShownProfile } from "../../output/profiles.ts";
import { printable } from "../../output/style.ts";
import { table } from "../../output/table.ts";
import { openProfiles, readConfig } from "../../profile-access.ts";
import { destinationOf } from "../../profile-use.ts";
import type { Profile } from "../../profiles/profile.ts";
import type { Profiles } from "../../profiles/profiles.ts";
import { ProfileError } from "../../profiles/profile-error.ts";
import { homeOf } from "../../profiles/resolve.ts";
import { defineCommand, NETWORK_ENVIRONMENT } from "../command.ts";

type Status = "valid" | "refused" | "unusable" | "none" | "unreachable";

interface Checked {
  readonly profile: ShownProfile;
  readonly status: Status;
  readonly detail: string | null;
}

const EXIT_CODES: Readonly<Record<Status, ExitCode>> = {
  valid: EXIT.done,
  refused: EXIT.credential,
  unusable: EXIT.credential,
  none: EXIT.credential,
  unreachable: EXIT.unavailable,
};

export const command = defineCommand({
  description:
    "Asks the server of each profile (or of the one named with --profile) whether it accepts the\ncredential. Ends with 0 where all are valid, 3 where one is refused, missing or unusable, else 6\nwhere a server could not say.",
  examples: [{ line: "profile status", says: "Are all my credentials still good?" }],
  exitCodes: [3, 5, 6],
  environment: ["CONCH_CONFIG", "NO_COLOR", ...NETWORK_ENVIRONMENT],
  async run(_, context) {
    const profiles = openProfiles(context);
    const wanted = context.globals.profile;
    const all = sortedBy((await readConfig(context, profiles)).profiles, ({ name }) => name);
    const chosen = all.filter(({ name }) => wanted === undefined || name === wanted);
    if (wanted !== undefined && chosen.length === 0) {
      throw new ProfileError(
        "profile_not_found",
        `there is no profile named "${wanted}"`,
        "conch profile list shows what there is",
      );
    }
    const { environment, url } = context.globals;
    // One URL cannot be the place of every profile: where none was named, a flag is not just dropped.
    const isConfirmed = wanted !== undefined || environment !== undefined || url !== undefined;
    if (isConfirmed) for (const profile of chosen) destinationOf(context, profile);
    const checked = await context.waiting(
      "asking the servers",
      Promise.all(chosen.map((profile) => check(context, profiles, profile))),
    );
    return {
      json: checked.map(({ profile, status, detail }) => ({
        name: profile.name,
        url: profile.url,
        status,
        expires: profile.expires,
        detail,
      })),
      text: (style) =>
        table(
          style,
          ["NAME", "STATUS", "EXPIRES", "URL"],
          checked.map(({ profile, status, detail }) => [
            printable(profile.name),
            {
              text: status + (detail === null ? "" : `: ${printable(detail)}`),
              paint: status === "valid" ? style.green : style.red,
            },
            expiryCell(style, profile),
            printable(profile.url),
          ]),
          "no profiles: make one with conch profile create",
        ),
      ...failureOf(checked),
    };
  },
});

/** What is told of credentials that are not good; nothing where all are. */
function failureOf(checked: readonly Checked[]): { readonly failure?: CommandError } {
  const bad = checked.filter(({ status }) => status !== "valid");
  if (bad.length === 0) return {};
  const codes = bad.map(({ status }) => EXIT_CODES[status]);
  const names = bad.map(({ profile, status }) => `"${printable(profile.name)}" ${status}`);
  const isRefused = codes.includes(EXIT.credential);
  return {
    failure: new CommandError(
      isRefused ? EXIT.credential : EXIT.unavailable,
      isRefused ? "credential_not_good" : "unreachable",
      `not every credential is good: ${names.join(", ")}`,
      isRefused
        ? "conch profile relogin or conch profile set token, with --profile NAME, gives a profile a new one"
        : "try again when the server can be reached",
    ),
  };
}

async function check(
  context: CommandContext,
  profiles: Profiles,
  profile: Profile,
): Promise<Checked> {
  const shown = await showProfile(profile, profiles.secrets);
  const result = (status: Status, detail: string | null) => ({ profile: shown, status, detail });
  if (profile.credential.kind === "none") return result("none", null);
  try {
    const credential = credentialOf(profile, await profiles.secrets.open(profile));
    await clientFor(context, homeOf(profile).url, credential).call(checkCredential, {});
    return result("valid", null);
  } catch (error) {
    if (error instanceof ProfileError) return result("unusable", error.message);
    if (!(error instanceof ClientError)) throw error;
    const { fault } = error;
    if (fault.kind === "unauthorized") return result("refused", null);
    // A token that may do little is a good token.
    if (fault.kind === "forbidden") return result("valid", null);
    // What a server says may repeat what it was sent.
    return result("unreachable", await context.masker.text(describeFault(fault)));
  }
}
