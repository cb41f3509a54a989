import { revokeMine, revokeUser } from "@conch/contract";
import { type Implementation, implement } from "../http/implementation.ts";
import type { RevocationService } from "../services/revocation.ts";
import type { RevocationAnswer } from "./receipt.ts";
import { mailHeader } from "./user.ts";

/** Takes away all of a user's API tokens, login sessions, or both. */
export function revocationRoutes(
  revocations: RevocationService,
  answerRevocation: RevocationAnswer,
): Implementation[] {
  return [
    implement(revokeMine, ({ caller, query }) =>
      answerRevocation(query, () => revocations.revokeOwn(caller.user.id, query)),
    ),
    implement(revokeUser, ({ caller, params, query }) =>
      answerRevocation(query, async () => {
        const options = { sendMail: query.send_mail };
        const { mail, ...revocation } = await revocations.revokeOf(
          caller,
          params.user,
          query,
          options,
        );
        return { ...revocation, headers: mailHeader(mail) };
      }),
    ),
  ];
}
