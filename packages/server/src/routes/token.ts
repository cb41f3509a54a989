import {
  createMyToken,
  getMyToken,
  getUserToken,
  listMyTokens,
  listUserTokens,
  removeMyToken,
  removeUserToken,
} from "@conch/contract";
import { type Implementation, implement, noContent } from "../http/implementation.ts";
import type { TokenService } from "../services/token.ts";
import type { UserService } from "../services/user.ts";

/** API tokens, one's own and, for administrators, those of others. */
export function tokenRoutes(tokens: TokenService, users: UserService): Implementation[] {
  return [
    implement(listMyTokens, async ({ caller }) => ({
      status: 200,
      body: await tokens.list(caller.user.id),
    })),
    implement(createMyToken, async ({ caller, body }) => ({
      status: 201,
      body: await tokens.create(caller.user.id, body),
      headers: { location: `/user/me/token/${encodeURIComponent(body.name)}` },
    })),
    implement(getMyToken, async ({ caller, params }) => ({
      status: 200,
      body: await tokens.get(caller.user.id, params.name),
    })),
    implement(removeMyToken, async ({ caller, params }) => {
      await tokens.remove(caller.user.id, params.name);
      return noContent();
    }),
    implement(listUserTokens, async ({ params }) => ({
      status: 200,
      body: await tokens.list(await users.idOf(params.user)),
    })),
    implement(getUserToken, async ({ params }) => ({
      status: 200,
      body: await tokens.get(await users.idOf(params.user), params.name),
    })),
    implement(removeUserToken, async ({ params }) => {
      await tokens.remove(await users.idOf(params.user), params.name);
      return noContent();
    }),
  ];
}
