import { BUILD_FLAGS, CLIENT_VERSION } from "../../build.ts";
import type { CommandContext } from "../../command-context.ts";
import { CommandError } from "../../command-error.ts";
import { printable } from "../../output/style.ts";
import { fields } from "../../output/table.ts";
import { BUILD_URLS, openProfiles, resolveInput } from "../../profile-access.ts";
import { resolveDestination } from "../../profiles/destination.ts";
import { ProfileError } from "../../profiles/profile-error.ts";
import { resolveCredential } from "../../profiles/resolve.ts";
import { defineCommand, NETWORK_ENVIRONMENT } from "../command.ts";

export const command = defineCommand({
  description:
    "The server's version is asked for where one is configured, and null where it does not answer.",
  examples: [
    { line: "version", says: "Client, server, and the flags that this binary was built with" },
  ],
  exitCodes: [],
  environment: ["CONCH_PROFILE", "CONCH_ENV", "CONCH_URL", "CONCH_CONFIG", ...NETWORK_ENVIRONMENT],
  async run(_, context) {
    const url = await configuredUrl(context);
    const server = url === null ? null : await serverVersion(context, url);
    const json = { client: CLIENT_VERSION, server, url, build: BUILD_FLAGS };
    return {
      json,
      text: (style) =>
        fields(style, [
          ["client", CLIENT_VERSION],
          ["server", server === null ? "unknown" : printable(server)],
          ["url", url ?? "none configured"],
          ...Object.entries(BUILD_FLAGS).map(
            ([flag, value]) => [flag, value ?? "not set"] as const,
          ),
        ]),
    };
  },
});

/** Where the server would be; `null` where none is configured, or it cannot be told. */
async function configuredUrl(context: CommandContext): Promise<string | null> {
  try {
    const input = resolveInput(context, openProfiles(context));
    const use = await resolveCredential(input);
    if (use.ok) return use.destination.url;
    const place = resolveDestination({ flags: input.flags, env: input.env, build: BUILD_URLS });
    if (place.ok) return place.destination.url;
    if (use.error.code !== "no_credential") context.note(use.error.message);
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    context.note(error.message);
  }
  return null;
}

async function serverVersion(context: CommandContext, url: string): Promise<string | null> {
  const [{ clientFor }, { ClientError, describeFault }] = await Promise.all([
    import("../../connect.ts"),
    import("@conch/client/errors"),
  ]);
  try {
    return await clientFor(context, url, null).serverVersion();
  } catch (error) {
    if (!(error instanceof ClientError || error instanceof CommandError)) throw error;
    const reason = error instanceof ClientError ? describeFault(error.fault) : error.message;
    context.note(`the server at ${url} does not tell its version: ${reason}`);
    return null;
  }
}
