import type { CommandContext } from "./command-context.ts";
import type { Connection } from "./connect.ts";
import { printable } from "./output/style.ts";

/**
 * Takes the credential in use out of its profile, where what was just done on the server killed it,
 * and tells the user how to go on.
 *
 * @returns whether a profile lost its credential
 */
export async function dropCredential(
  context: CommandContext,
  { profile, chosen, profiles }: Connection,
  died: { readonly tokens: boolean; readonly logins: boolean },
): Promise<boolean> {
  if (profile === null) {
    if (died.tokens) context.note(`the token from ${chosen.source} is dead, too`);
    return false;
  }
  const { kind } = profile.credential;
  const isDead = (kind === "token" && died.tokens) || (kind === "session" && died.logins);
  if (kind === "process" && died.tokens) {
    await profiles.store.update((draft) => draft.forgetProcessToken(profile.name));
    context.note(`the token that the command of "${printable(profile.name)}" printed is dead, too`);
  }
  if (!isDead) return false;
  await profiles.store.update(async (draft) => {
    // Somebody else may have given it a new one meanwhile.
    const now = draft.find(profile.name)?.credential;
    if (JSON.stringify(now) !== JSON.stringify(profile.credential)) return;
    await draft.put(profile.name, { credential: { kind: "none" } });
  });
  const what = kind === "token" ? "API token" : "login session";
  const way =
    profile.user === ""
      ? "conch profile set token, or conch profile relogin --user USER"
      : "conch profile relogin";
  context.note(
    `the profile "${printable(profile.name)}" lost its ${what}, which is dead now: ${way} gives it a new one`,
  );
  return true;
}
