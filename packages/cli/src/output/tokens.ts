import type { UserToken } from "@conch/contract/token";
import type { Result } from "../commands/command.ts";
import { sortedBy } from "./json.ts";
import { printable, type Style } from "./style.ts";
import { fields, table } from "./table.ts";
import { showExpiry, showTime } from "./time.ts";

/** Old servers do not say what a token may do: everything. */
function rightsOf({ rights }: UserToken): string {
  return rights ?? "full";
}

/** A list of API tokens, by name. */
export function tokenList(tokens: readonly UserToken[], none: string): Result {
  const sorted = sortedBy(tokens, ({ name }) => name);
  return {
    json: sorted,
    text: (style) =>
      table(
        style,
        ["NAME", "CREATED", "LAST USED", "RIGHTS", "EXPIRES"],
        sorted.map((token) => [
          printable(token.name),
          showTime(token.created),
          showTime(token.last_used),
          rightsOf(token),
          showExpiry(style, token.expires),
        ]),
        none,
      ),
  };
}

/** The fields of one API token, for people. */
export function tokenFields(style: Style, token: UserToken): string {
  return fields(style, [
    ["name", printable(token.name)],
    ["created", showTime(token.created)],
    ["last used", showTime(token.last_used)],
    ["rights", rightsOf(token)],
    ["expires", showExpiry(style, token.expires)],
  ]);
}
