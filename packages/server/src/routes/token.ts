import {
  createMyToken,
  getMyToken,
  getUserToken,
  listMyTokens,
  listUserTokens,
  removeMyToken,
  removeUserToken,
} from "@conch/contract";
import { type Implementation, implement } from "../http/implementation.ts";
import type { TokenService } from "../services/token.ts";
import type { UserService } from "../services/user.ts";
import type { RevocationAnswer } from "./receipt.ts";

/** API tokens, one's own and, for administrators, those of others. */
export function tokenRoutes(
  tokens: TokenService,
  users: UserService,
  answerRevocation: RevocationAnswer,
): Implementation[] {
  return [
    implement(listMyTokens, async ({ caller }) => ({
      status: 200,
      body: await tokens.list(caller.user.id),
    })),
    implement(createMyToken, async ({ caller, body }) => ({
      status: 201,
      body: await tokens.create(caller, body),
      headers: { location: `/user/me/token/${encodeURIComponent(body.name)}` },
    })),
    implement(getMyToken, async ({ caller, params }) => ({
      status: 200,
      body: await tokens.get(caller.user.id, params.name),
    })),
    implement(removeMyToken, ({ caller, params, query }) =>
      answerRevocation(query, () => tokens.remove(caller.user.id, params.name)),
    ),
    implement(listUserTokens, async ({ params }) => ({
      status: 200,
      body: await tokens.list(await users.idOf(params.user)),
    })),
    implement(getUserToken, async ({ params }) => ({
      status: 200,
      body: await tokens.get(await users.idOf(params.user), params.name),
    })),
    implement(removeUserToken, ({ caller, params, query }) =>
      answerRevocation(query, () => tokens.removeOf(caller, params.user, params.name)),
    ),
  ];
}
