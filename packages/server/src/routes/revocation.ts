import { revokeMine, revokeUser } from "@conch/contract";
import { type Implementation, implement, noContent } from "../http/implementation.ts";
import type { RevocationService } from "../services/revocation.ts";
import { mailHeader } from "./user.ts";

/** Takes away all of a user's API tokens, login sessions, or both. */
export function revocationRoutes(revocations: RevocationService): Implementation[] {
  return [
    implement(revokeMine, async ({ caller, query }) => {
      await revocations.revokeOwn(caller.user.id, query);
      return noContent();
    }),
    implement(revokeUser, async ({ params, query }) => {
      const mail = await revocations.revokeOf(params.user, query, { sendMail: query.send_mail });
      return noContent(mailHeader(mail));
    }),
  ];
}
