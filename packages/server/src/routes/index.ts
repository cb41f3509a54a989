import type { Implementation } from "../http/implementation.ts";
import type { Services } from "../services/index.ts";
import { passwordRoutes } from "./password.ts";
import { revocationRoutes } from "./revocation.ts";
import { sessionRoutes } from "./session.ts";
import { settingRoutes } from "./setting.ts";
import { systemRoutes } from "./system.ts";
import { tokenRoutes } from "./token.ts";
import { userRoutes } from "./user.ts";

/** Every route of the contract with what answers it. */
export function createImplementations(
  services: Services,
  options: { readonly isSecure: boolean },
): Implementation[] {
  return [
    ...systemRoutes(),
    ...sessionRoutes(services.sessions, options.isSecure),
    ...userRoutes(services.users),
    ...passwordRoutes(services.passwords),
    ...revocationRoutes(services.revocations),
    ...settingRoutes(services.settings),
    ...tokenRoutes(services.tokens, services.users),
  ];
}
