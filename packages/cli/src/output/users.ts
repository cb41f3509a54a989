import type { UserBrief, UserDetailed } from "@conch/contract/user";
import { printable, type Style } from "./style.ts";
import { fields } from "./table.ts";
import { showTime } from "./time.ts";

/** A user for people. */
export function userFields(style: Style, user: UserDetailed): string {
  const yes = (value: boolean) => (value ? "yes" : "no");
  return fields(style, [
    ["id", user.id],
    ["name", printable(user.name)],
    ["email", printable(user.email)],
    ["created", showTime(user.created)],
    ["last login", showTime(user.last_login)],
    ["administrator", yes(user.is_admin)],
    ["must log in again", yes(user.refuse_session_auth)],
    ["must set a new password", yes(user.force_password_change)],
  ]);
}

/** A user just made. */
export function briefFields(style: Style, user: UserBrief): string {
  return fields(style, [
    ["id", user.id],
    ["name", printable(user.name)],
    ["email", printable(user.email)],
  ]);
}
