import {
  MAIL_HEADER,
  createUser,
  deactivateUser,
  getMe,
  getUser,
  listUsers,
  updateUser,
} from "@conch/contract";
import { type Implementation, implement, noContent } from "../http/implementation.ts";
import type { MailOutcome } from "../services/mail.ts";
import type { UserService } from "../services/user.ts";
import type { RevocationAnswer } from "./receipt.ts";

/** The current user, and the administration of users. */
export function userRoutes(
  users: UserService,
  answerRevocation: RevocationAnswer,
): Implementation[] {
  return [
    implement(getMe, async ({ caller }) => ({
      status: 200,
      body: await users.getById(caller.user.id),
    })),
    implement(listUsers, async () => ({ status: 200, body: await users.list() })),
    implement(createUser, async ({ caller, query, body }) => {
      const { is_admin: isAdmin, ...rest } = body;
      const { user, mail } = await users.create(
        caller,
        { ...rest, isAdmin },
        { sendMail: query.send_mail },
      );
      const headers = { location: `/user/${user.id}`, ...mailHeader(mail) };
      return { status: 201, body: user, headers };
    }),
    implement(getUser, async ({ params }) => ({
      status: 200,
      body: await users.get(params.user),
    })),
    implement(updateUser, async ({ caller, params, query, body }) => {
      const updated = await users.update(caller, params.user, body, { sendMail: query.send_mail });
      if (updated === null) return noContent();
      return { status: 200, body: updated.user, headers: mailHeader(updated.mail) };
    }),
    implement(deactivateUser, ({ caller, params, query }) =>
      answerRevocation(query, () =>
        users.deactivate(caller, params.user, { clearTokens: query.clear_tokens }),
      ),
    ),
  ];
}

/** Tells the client what became of the mail that its request caused. */
export function mailHeader(mail: MailOutcome | null): Record<string, string> {
  return mail === null ? {} : { [MAIL_HEADER]: mail };
}
