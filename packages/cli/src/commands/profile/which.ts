import type { CommandContext } from "../../command-context.ts";
import { CommandError } from "../../command-error.ts";
import { EXIT } from "../../exit-codes.ts";
import { printable, type Style } from "../../output/style.ts";
import { fields } from "../../output/table.ts";
import { openProfiles, resolveInput } from "../../profile-access.ts";
import { explainCredential, type Explanation } from "../../profiles/explain.ts";
import { fingerprint } from "../../profiles/fingerprint.ts";
import { ProfileError } from "../../profiles/profile-error.ts";
import type { Profiles } from "../../profiles/profiles.ts";
import type { ChosenCredential, Resolution } from "../../profiles/resolve.ts";
import { CREDENTIAL_ENVIRONMENT, defineCommand } from "../command.ts";

export const command = defineCommand({
  description:
    'Shows the credential that commands use here, by its fingerprint and never its value, where it goes,\nand what decided both. --explain adds what was shadowed, and what was looked at and not set. Sends\nnothing. The fingerprint is the start of the SHA-256: printf %s "$TOKEN" | sha256sum',
  options: { explain: { summary: "also what was not used, and why" } },
  examples: [{ line: "profile which --explain", says: "Why does it use that token?" }],
  exitCodes: [3, 5],
  environment: CREDENTIAL_ENVIRONMENT,
  async run({ options }, context) {
    const profiles = openProfiles(context);
    const explanation = await explainCredential(resolveInput(context, profiles));
    const { resolution } = explanation;
    if (!resolution.ok) {
      if (options.explain) explainFailure(context, explanation);
      throw resolution.error;
    }
    const shown = await showUse(profiles, resolution);
    const more = options.explain
      ? {
          not_used: explanation.shadowed.map(({ source, why }) => ({ source, why })),
          not_set: explanation.absent,
        }
      : {};
    return {
      json: { ...shown, ...more },
      text: (style) =>
        useText(style, shown) + (options.explain ? explanationText(style, explanation) : ""),
      ...(shown.unusable === null ? {} : { failure: unusableUse(shown.unusable) }),
    };
  },
});

/** The answer is whole, and scripts see that commands would fail. */
function unusableUse(why: string): CommandError {
  return new CommandError(
    EXIT.credential,
    "credential_unusable",
    "the credential in use is unusable",
    why,
  );
}

const KINDS = { token: "token", session: "login", process: "command", none: "none" } as const;

/** There is nothing to show then, but why there is not is worth as much. */
function explainFailure(context: CommandContext, { shadowed, absent }: Explanation): void {
  for (const { source, why } of shadowed) context.note(`${source} is not used: ${why}`);
  context.note(`not set: ${absent.join(", ")}`);
}

async function showUse(
  profiles: Profiles,
  { credential, destination }: Extract<Resolution, { ok: true }>,
) {
  const profile = credential.kind === "profile" ? credential.profile : null;
  return {
    credential: profile === null ? "token" : KINDS[profile.credential.kind],
    ...(await identify(profiles, credential)),
    credential_source: credential.source,
    profile: profile?.name ?? null,
    user: profile === null || profile.user === "" ? null : profile.user,
    url: destination.url,
    url_source: destination.urlSource,
    environment: destination.environment,
    environment_source: destination.environmentSource,
  };
}

/** The fingerprint (`null` for a command's token: it is not run for this), or why there is none. */
async function identify(
  { secrets }: Profiles,
  chosen: ChosenCredential,
): Promise<{ fingerprint: string | null; unusable: string | null }> {
  if (chosen.kind === "direct") {
    const token = await secrets.openDirect(chosen.token, chosen.source);
    return { fingerprint: await fingerprint(token), unusable: null };
  }
  if (chosen.profile.credential.kind === "process") return { fingerprint: null, unusable: null };
  try {
    const secret = await secrets.open(chosen.profile);
    return { fingerprint: await fingerprint(secret), unusable: null };
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    return { fingerprint: null, unusable: `${error.message}. ${error.hint}` };
  }
}

function useText(style: Style, use: Awaited<ReturnType<typeof showUse>>): string {
  const from = (value: string, source: string) =>
    `${printable(value)} ${style.dim(`(from ${printable(source)})`)}`;
  return fields(style, [
    [
      "credential",
      from(`${use.credential} ${use.fingerprint ?? ""}`.trim(), use.credential_source),
    ],
    ...(use.unusable === null ? [] : [["unusable", printable(use.unusable)] as const]),
    ["profile", printable(use.profile ?? "-")],
    ["user", printable(use.user ?? "-")],
    ["url", from(use.url, use.url_source)],
    ["environment", from(use.environment, use.environment_source)],
  ]);
}

function explanationText(style: Style, { shadowed, absent }: Explanation): string {
  const unused = shadowed.map(({ source, why }) => `  ${printable(source)}: ${printable(why)}`);
  return [
    "",
    `${style.dim("not used")}${unused.length === 0 ? "     -" : ""}`,
    ...unused,
    `${style.dim("not set")}      ${absent.join(", ")}`,
  ].join("\n");
}
