import type { Client } from "@conch/client";
import { ClientError } from "@conch/client/errors";
import { logout } from "@conch/contract/session";
import { parseTimestamp, toTimestamp } from "@conch/contract/time";
import { createMyToken, removeMyToken, type NewUserToken } from "@conch/contract/token";
import { usageError } from "../../command-error.ts";
import type { CommandContext } from "../../command-context.ts";
import { clientFor, credentialOf } from "../../connect.ts";
import { profileFields, showProfile } from "../../output/profiles.ts";
import { printable } from "../../output/style.ts";
import { placeFor, requireSame, STORE_OPTION, useProfile } from "../../profile-use.ts";
import { quoteWord } from "../../profiles/quote-word.ts";
import type { Profile, SecretPlace } from "../../profiles/profile.ts";
import type { Profiles } from "../../profiles/profiles.ts";
import { defineCommand, NETWORK_ENVIRONMENT } from "../command.ts";

export const command = defineCommand({
  description:
    "Makes an API token on the server, which is never shown, and turns the profile to it; its name says\nwho, where and when. Nothing stays on the server where it cannot be stored. With --force, a profile\nthat holds a token gets a new one; the one of an earlier upgrade is removed after that.",
  options: {
    force: { summary: "also where the profile holds a token already" },
    store: STORE_OPTION,
  },
  examples: [
    { line: "profile upgrade", says: "From a login, which ends, to a token, which lasts" },
  ],
  exitCodes: [3, 4, 5, 6],
  environment: ["CONCH_PROFILE", "CONCH_CONFIG", ...NETWORK_ENVIRONMENT],
  async run({ options }, context) {
    const { profile, profiles, url } = await useProfile(context);
    const { kind } = profile.credential;
    if (kind === "process") {
      throw usageError(`the profile "${profile.name}" gets its token from a command`, null);
    }
    if (kind === "token" && !options.force) {
      throw usageError(
        `the profile "${profile.name}" holds a token already; nothing was made`,
        "--force makes a new one, and removes the one that an earlier upgrade made",
      );
    }
    const place = placeFor(options.store, profile);
    const old = clientFor(
      context,
      url,
      credentialOf(profile, await profiles.secrets.open(profile)),
    );
    await profiles.store.checkWritable(place);
    const { stored, token } = await context.unbroken(async () => {
      const token = await makeToken(context, old, profile);
      const stored = await storeToken(context, profiles, profile, place, token, old);
      await retire(
        context,
        profile,
        old,
        clientFor(context, url, { kind: "token", token: token.token }),
      );
      return { stored, token };
    });
    const shown = await showProfile(stored, profiles.secrets);
    return {
      json: { ...shown, token_name: token.name },
      text: (style) => profileFields(style, shown),
    };
  },
});

/** Who, where and when; the last part keeps two upgrades in one millisecond apart. */
function upgradeName(context: CommandContext, profile: Profile): string {
  // Whole characters: a name must not end in half of one.
  const clean = (text: string) =>
    Array.from(text.replace(/[\p{Cc}\p{Cs}]/gu, ""))
      .slice(0, 80)
      .join("");
  const random = Math.floor(context.random() * 36 ** 8)
    .toString(36)
    .padStart(8, "0");
  const when = toTimestamp(context.nowMs());
  return `conch ${clean(context.userName() ?? profile.user)}@${clean(context.hostName())} ${when} ${random}`;
}

async function makeToken(
  context: CommandContext,
  client: Client,
  profile: Profile,
): Promise<NewUserToken> {
  const name = upgradeName(context, profile);
  try {
    const { body } = await client.call(createMyToken, { body: { name } });
    context.masker.remember(body.token);
    return body;
  } catch (error) {
    const isSure = error instanceof ClientError && IS_REFUSED.has(error.fault.kind);
    // Without an answer that can be read, the token may have been made all the same.
    if (!isSure) await removeAgain(context, client, name);
    throw error;
  }
}

/** Answers after which no token can have been made. */
const IS_REFUSED: ReadonlySet<string> = new Set([
  "invalid_request",
  "unauthorized",
  "forbidden",
  "not_found",
  "refused",
  "tls",
  "incompatible_server",
]);

async function storeToken(
  context: CommandContext,
  { store }: Profiles,
  profile: Profile,
  place: SecretPlace,
  token: NewUserToken,
  client: Client,
): Promise<Profile> {
  try {
    return await store.update(async (draft) => {
      requireSame(draft, profile);
      await draft.put(profile.name, {
        credential: {
          kind: "token",
          value: token.token,
          place,
          tokenName: token.name,
          expiresAtMs: parseTimestamp(token.expires),
        },
      });
      return draft.find(profile.name) ?? profile;
    });
  } catch (error) {
    await removeAgain(context, client, token.name);
    throw error;
  }
}

async function removeAgain(context: CommandContext, client: Client, name: string): Promise<void> {
  try {
    await client.call(removeMyToken, { params: { name }, query: {} });
    context.note(`the new token "${printable(name)}" was removed from the server again`);
  } catch (error) {
    if (error instanceof ClientError && error.fault.kind === "not_found") return;
    context.note(
      `the new token may be on the server still: remove it with conch user token rm ${printable(quoteWord(name))}`,
    );
  }
}

/** Ends what the profile used before: its login session, or the token of an earlier upgrade. */
async function retire(
  context: CommandContext,
  { credential }: Profile,
  old: Client,
  renewed: Client,
): Promise<void> {
  const name = credential.kind === "token" ? credential.tokenName : null;
  try {
    if (credential.kind === "session") await old.call(logout, {});
    if (name !== null) await renewed.call(removeMyToken, { params: { name }, query: {} });
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    if (name !== null && error.fault.kind !== "not_found") {
      context.note(
        `the token of the earlier upgrade is on the server still: remove it with conch user token rm ${printable(quoteWord(name))}`,
      );
    }
  }
}
