import { toTimestampOrNull } from "@conch/contract/time";
import type { Profile } from "../profiles/profile.ts";
import type { Secrets } from "../profiles/secrets.ts";
import { printable, type Style } from "./style.ts";
import { fields, type Cell } from "./table.ts";
import { showExpiry, showTime } from "./time.ts";

/** A profile as it is shown. Holds no secret. */
export interface ShownProfile {
  readonly name: string;
  readonly active: boolean;
  readonly url: string;
  readonly user: string | null;
  readonly auth: "token" | "login" | "command" | "none";
  readonly store: "file" | "keychain" | null;
  /** The token's name on the server, where it is known. */
  readonly token_name: string | null;
  readonly expires: string | null;
  /** Why this build cannot use the credential; `null` where it can. */
  readonly unusable: string | null;
}

const AUTH = { token: "token", session: "login", process: "command", none: "none" } as const;

/** A URL as it is shown: one edited by hand may hold a password, which makes it unusable. */
function withoutUserInfo(url: string): string {
  return url.replace(/^([a-z]+:\/\/)[^/?#]*@/iu, "$1…@");
}

/** Makes a profile showable. */
export async function showProfile(profile: Profile, secrets: Secrets): Promise<ShownProfile> {
  const { name, active, apiUrl, user, credential } = profile;
  const hasSecret = credential.kind === "token" || credential.kind === "session";
  return {
    name,
    active,
    url: withoutUserInfo(apiUrl),
    user: user === "" ? null : user,
    auth: AUTH[credential.kind],
    store: hasSecret ? credential.secret.place : null,
    token_name: credential.kind === "token" ? credential.tokenName : null,
    expires: hasSecret ? toTimestampOrNull(credential.expiresAtMs) : null,
    unusable: credential.kind === "none" ? null : await secrets.whyUnusable(profile),
  };
}

/** When a profile's credential ends, or why it is of no use. */
export function stateCell(style: Style, profile: ShownProfile): Cell {
  if (profile.unusable !== null) return { text: `unusable: ${profile.unusable}`, paint: style.red };
  if (profile.auth === "none") return { text: "logged out", paint: style.yellow };
  return expiryCell(style, profile);
}

/** When a profile's credential ends. A login always ends within weeks: only that it is over is marked. */
export function expiryCell(style: Style, { auth, expires }: ShownProfile): Cell {
  if (expires === null) return { text: "-" };
  const expiry = showExpiry(style, expires);
  const isMarked = auth === "token" || expiry.text.endsWith("(expired)");
  return isMarked ? expiry : { text: showTime(expires) };
}

/** One profile for people. */
export function profileFields(style: Style, profile: ShownProfile): string {
  return fields(style, [
    ["name", printable(profile.name) + (profile.active ? " (active)" : "")],
    ["url", printable(profile.url)],
    ["user", printable(profile.user ?? "-")],
    ["auth", profile.auth],
    ["kept in", profile.store ?? "-"],
    ...(profile.token_name === null ? [] : [["token", printable(profile.token_name)] as const]),
    ["expires", stateCell(style, profile)],
  ]);
}
