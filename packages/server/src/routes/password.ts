import { changePassword, resetPassword } from "@conch/contract";
import { type Implementation, implement } from "../http/implementation.ts";
import type { PasswordService } from "../services/password.ts";
import type { RevocationAnswer } from "./receipt.ts";
import { mailHeader } from "./user.ts";

/** Changing one's own password, resetting somebody's. */
export function passwordRoutes(
  passwords: PasswordService,
  answerRevocation: RevocationAnswer,
): Implementation[] {
  return [
    implement(changePassword, ({ caller, query, body, clientAddress }) =>
      answerRevocation(query, () =>
        passwords.change(caller, {
          password: body.password,
          currentPassword: body.current_password,
          clear: query.clear_tokens,
          address: clientAddress,
        }),
      ),
    ),
    implement(resetPassword, ({ caller, params, query }) =>
      answerRevocation(query, async () => {
        const { mail, ...revocation } = await passwords.reset(caller, params.user, {
          clear: query.clear_tokens,
          sendMail: query.send_password_reset_mail,
        });
        return { ...revocation, headers: mailHeader(mail) };
      }),
    ),
  ];
}
