import type { Implementation } from "../http/implementation.ts";
import type { Services } from "../services/index.ts";
import { createRevocationAnswer } from "./receipt.ts";
import { passwordRoutes } from "./password.ts";
import { revocationRoutes } from "./revocation.ts";
import { sessionRoutes } from "./session.ts";
import { settingRoutes } from "./setting.ts";
import { systemRoutes } from "./system.ts";
import { tokenRoutes } from "./token.ts";
import { userRoutes } from "./user.ts";
import { verificationRoutes } from "./verification.ts";

/** Every route of the contract with what answers it. */
export function createImplementations(
  services: Services,
  options: { readonly isSecure: boolean; readonly issuer: () => string },
): Implementation[] {
  const answerRevocation = createRevocationAnswer(services.confirmations);
  return [
    ...systemRoutes(),
    ...sessionRoutes(services.sessions, options.isSecure),
    ...userRoutes(services.users, answerRevocation),
    ...passwordRoutes(services.passwords, answerRevocation),
    ...revocationRoutes(services.revocations, answerRevocation),
    ...settingRoutes(services.settings),
    ...tokenRoutes(services.tokens, services.users, answerRevocation),
    ...verificationRoutes({ ...services, issuer: options.issuer }),
  ];
}
