import { ClientError } from "@conch/client/errors";
import { createUser } from "@conch/contract/user";
import { CommandError, usageError } from "../../command-error.ts";
import { connect } from "../../connect.ts";
import { EXIT } from "../../exit-codes.ts";
import { noteMail } from "../../mail-note.ts";
import { briefFields } from "../../output/users.ts";
import { checkNotOwnName } from "../../own-password.ts";
import { readSecret } from "../../secret-input.ts";
import { userInPath } from "../../user-id.ts";
import { defineCommand } from "../command.ts";
import { ADMIN_COMMAND } from "./shared.ts";

export const command = defineCommand({
  ...ADMIN_COMMAND,
  description:
    "Without --password the server makes one and mails it. With --no-mail and without --password nobody\nknows it, until conch admin user USER reset mails a new one.",
  arguments: { user: { summary: "the new user's e-mail address" } },
  options: {
    admin: { summary: "make them a system administrator" },
    name: { value: "NAME", summary: "their name" },
    password: { value: "PASSWORD", summary: "their password; - reads one line of stdin" },
    noMail: { summary: "do not mail them" },
  },
  examples: [
    {
      line: "admin user dan@example.com create --name Dan",
      says: "They get their password by mail",
    },
  ],
  async run({ args, options }, context) {
    if (!userInPath(args.user).startsWith("email=")) {
      throw usageError(`"${args.user}" is not an e-mail address`, "the server chooses the UUID");
    }
    const { client } = await connect(context);
    const question = { flag: "--password", given: options.password, prompt: "Password" };
    const password = options.password === undefined ? null : await readSecret(context, question);
    if (password !== null) checkNotOwnName(password, [args.user, options.name ?? ""]);
    const call = client.call(createUser, {
      query: options.noMail ? { send_mail: "0" } : {},
      body: {
        email: args.user,
        ...(options.name === undefined ? {} : { name: options.name }),
        ...(password === null ? {} : { password }),
        ...(options.admin ? { is_admin: true } : {}),
      },
    });
    const { body, mail } = await explainDuplicate(call, args.user);
    noteMail(context, mail);
    if (options.noMail && password === null) {
      context.note(
        `nobody knows their password: conch admin user ${args.user} reset mails a new one`,
      );
    }
    return { json: body, text: (style) => briefFields(style, body) };
  },
});

/** Says of a 409 which account has the address. */
export async function explainDuplicate<T>(call: Promise<T>, email: string): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof ClientError) || error.fault.kind !== "refused") throw error;
    if (error.fault.status !== 409) throw error;
    const { user, code } = error.fault;
    throw new CommandError(
      EXIT.failed,
      code ?? "duplicate_user",
      `there is a user with the address ${email} already`,
      user ? `conch admin user ${user.id} get shows them` : "conch admin users lists them",
      { cause: error },
    );
  }
}
