import { feature } from "bun:bundle";
import { changePassword, getMe } from "@conch/contract/user";
import type { CommandContext } from "../../command-context.ts";
import { connect, type Connection } from "../../connect.ts";
import { dropCredential } from "../../drop-credential.ts";
import { startSession } from "../../log-in.ts";
import { printable } from "../../output/style.ts";
import { checkNotOwnName } from "../../own-password.ts";
import { placeFor, requireSame } from "../../profile-use.ts";
import { requireSecret } from "../../secret-input.ts";
import { REQUEST_ENVIRONMENT, defineCommand } from "../command.ts";

export const command = defineCommand({
  description:
    "All your login sessions end. A profile that is logged in is logged in again with the new password;\none with a token stays as it is.",
  options: {
    password: {
      value: "PASSWORD",
      summary: "the new password; - reads one line of stdin; asked for twice where it is not given",
    },
    ...(feature("DISABLE_API_TOKEN_CRUD")
      ? {}
      : { purgeTokens: { summary: "revoke all your API tokens, too" } as const }),
  },
  examples: [{ line: "profile change-password", says: "The new password is asked for" }],
  exitCodes: [3, 4, 6],
  environment: REQUEST_ENVIRONMENT,
  async run({ options }, context) {
    const isPurge = feature("DISABLE_API_TOKEN_CRUD")
      ? false
      : "purgeTokens" in options && options.purgeTokens;
    const connection = await connect(context);
    const { client, profile, destination } = connection;
    const { body: me } = await client.call(getMe, {});
    const password = await requireSecret(context, {
      flag: "--password",
      given: options.password,
      prompt: `New password of ${me.email}`,
      isNew: true,
    });
    checkNotOwnName(password, [me.email, me.name]);
    const isLogin = profile?.credential.kind === "session";
    if (isLogin) await connection.profiles.store.checkWritable(placeFor(undefined, profile));
    const { relogged, dropped } = await context.unbroken(async () => {
      await client.call(changePassword, {
        query: { clear_tokens: isPurge ? "all" : "login_only" },
        body: { password },
      });
      if (isLogin) {
        await logInAgain(context, connection, me.email, password);
        return { relogged: true, dropped: false };
      }
      const died = { tokens: isPurge, logins: false };
      return { relogged: false, dropped: await dropCredential(context, connection, died) };
    });
    return {
      json: {
        changed: true,
        purged_tokens: isPurge,
        logged_in_again: relogged,
        credential_dropped: dropped,
      },
      text: [
        `changed the password of ${printable(me.email)} at ${destination.url}`,
        isPurge ? "revoked all your API tokens" : "",
        relogged ? `logged the profile "${printable(profile?.name ?? "")}" in again` : "",
      ]
        .filter((line) => line !== "")
        .join("\n"),
    };
  },
});

/** The session that was used is dead now; whatever happens, it does not stay in the profile. */
async function logInAgain(
  context: CommandContext,
  connection: Connection,
  user: string,
  password: string,
): Promise<void> {
  const { profile, profiles, destination } = connection;
  if (profile === null) return;
  try {
    const session = await startSession(context, destination.url, user, password);
    await profiles.store.update(async (draft) => {
      requireSame(draft, profile);
      const { jwt: value, expiresAtMs } = session;
      const place = placeFor(undefined, profile);
      await draft.put(profile.name, {
        user,
        credential: { kind: "session", value, place, expiresAtMs },
      });
    });
  } catch (error) {
    context.note("the password was changed; only logging in again failed");
    await dropCredential(context, connection, { tokens: false, logins: true });
    throw error;
  }
}
