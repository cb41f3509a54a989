import { changePassword, resetPassword } from "@conch/contract";
import { type Implementation, implement, noContent } from "../http/implementation.ts";
import type { PasswordService } from "../services/password.ts";
import { mailHeader } from "./user.ts";

/** Changing one's own password, resetting somebody's. */
export function passwordRoutes(passwords: PasswordService): Implementation[] {
  return [
    implement(changePassword, async ({ caller, query, body, clientAddress }) => {
      await passwords.change(caller, {
        password: body.password,
        currentPassword: body.current_password,
        clear: query.clear_tokens,
        address: clientAddress,
      });
      return noContent();
    }),
    implement(resetPassword, async ({ params, query }) => {
      const mail = await passwords.reset(params.user, {
        clear: query.clear_tokens,
        sendMail: query.send_password_reset_mail,
      });
      return noContent(mailHeader(mail));
    }),
  ];
}
