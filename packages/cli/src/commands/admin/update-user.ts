import type { BodyOf } from "@conch/contract/route";
import { getUser, updateUser, type UserDetailed } from "@conch/contract/user";
import type { CommandContext } from "../../command-context.ts";
import { connect } from "../../connect.ts";
import { orNotFound } from "../../not-found.ts";
import { userFields } from "../../output/users.ts";
import { userInPath } from "../../user-id.ts";
import type { Result } from "../command.ts";
import { noSuchUser } from "./shared.ts";
import { explainDuplicate } from "./user-create.ts";

/** Changes a user, and shows them as they are then. */
export async function changeUser(
  context: CommandContext,
  shownUser: string,
  change: BodyOf<typeof updateUser>,
): Promise<Result> {
  const params = { user: userInPath(shownUser) };
  const { client } = await connect(context);
  const call = client.call(updateUser, { params, query: {}, body: change });
  const { body } = await orNotFound(
    explainDuplicate(call, change.email ?? ""),
    ...noSuchUser(shownUser),
  );
  const user: UserDetailed = body ?? (await client.call(getUser, { params })).body;
  if (body === undefined) context.note("nothing to change: they are like that already");
  return { json: user, text: (style) => userFields(style, user) };
}
