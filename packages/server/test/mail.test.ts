import { expect, test } from "bun:test";
import { type AddressInfo, createServer } from "node:net";
import { SMTPServer } from "smtp-server";
import { createLogger } from "../src/logging.ts";
import { composeMessage } from "../src/mail/message.ts";
import { createSmtpMailer } from "../src/mail/smtp.ts";
import { passwordResetMail, welcomeMail } from "../src/services/mail-texts.ts";
import { TEST_DIALECTS } from "./databases.ts";
import { startServer } from "./server.ts";

const PASSWORD = "7dWq3mKfRt9xZpL2vNcB8yHs";
const FROM = "Conch <conch@example.com>";

interface Received {
  readonly to: string[];
  readonly message: string;
}

/** A real SMTP server that wants a login. */
async function startSmtp() {
  const received: Received[] = [];
  let onMessage: () => void = () => {};
  const server = new SMTPServer({
    disabledCommands: ["STARTTLS"],
    allowInsecureAuth: true,
    closeTimeout: 50,
    onAuth({ username, password }, _session, callback) {
      const isRight = username === "mailer" && password === "p w";
      callback(isRight ? null : new Error("Invalid login"), { user: username });
    },
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const to = session.envelope.rcptTo.map(({ address }) => address);
        received.push({ to, message: Buffer.concat(chunks).toString("utf8") });
        callback();
        onMessage();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.server.address() as AddressInfo;
  return {
    port,
    received,
    next: () => new Promise<void>((resolve) => (onMessage = resolve)),
    close: () => new Promise<void>((resolve) => server.close(resolve)),
  };
}

function createTestLogger() {
  const lines: string[] = [];
  const write = (line: string) => lines.push(line);
  return { lines, logger: createLogger({ level: "debug", write, timestamp: () => "" }) };
}

test("a mail goes over SMTP, with the credentials on lines of their own", async () => {
  const smtp = await startSmtp();
  const { lines, logger } = createTestLogger();
  const url = `smtp://mailer:p%20w@127.0.0.1:${smtp.port}`;
  const mailer = createSmtpMailer({ url, from: FROM, logger });
  const user = { name: "Ann Example", email: "ann@example.com" };
  expect(await mailer.send(passwordResetMail(user, PASSWORD))).toBe("sent");
  await mailer.drain();
  await smtp.close();
  expect(smtp.received).toHaveLength(1);
  const [mail] = smtp.received;
  expect(mail?.to).toEqual(["ann@example.com"]);
  expect(mail?.message).toContain("From: Conch <conch@example.com>\r\n");
  expect(mail?.message).toContain("Content-Transfer-Encoding: 7bit\r\n");
  expect(mail?.message).toContain(
    `\r\nUsername: Ann Example\r\nEmail: ann@example.com\r\nPassword: ${PASSWORD}\r\n`,
  );
  expect(lines.join()).toContain("mail_sent");
});

test("letters that are not ASCII leave the password's line as it is", async () => {
  const user = { name: "Зоя Ёлкина", email: "zoya@example.com" };
  const message = (await composeMessage(welcomeMail(user, PASSWORD), FROM)).toString("latin1");
  expect(message).toContain("Content-Transfer-Encoding: quoted-printable\r\n");
  expect(message).toContain(`\r\nPassword: ${PASSWORD}\r\n`);
});

test("no line break gets from an address or a subject into the headers", async () => {
  const mail = {
    to: "a@example.com\r\nBcc: evil@example.com",
    subject: "x\r\nBcc: evil@example.com",
    text: "x",
  };
  const message = (await composeMessage(mail, FROM)).toString("latin1");
  expect(message).not.toMatch(/^bcc:/im);
});

test("a server that refuses, or does not answer, is a line of the log without the password", async () => {
  const deaf = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => deaf.listen(0, "127.0.0.1", resolve));
  const { port } = deaf.address() as AddressInfo;
  const smtp = await startSmtp();
  for (const url of [`smtp://127.0.0.1:${port}`, `smtp://mailer:sekret-9@127.0.0.1:${smtp.port}`]) {
    const { lines, logger } = createTestLogger();
    const mailer = createSmtpMailer({ url, from: FROM, logger });
    const user = { name: "A", email: "a@example.com" };
    expect(await mailer.send(passwordResetMail(user, PASSWORD))).toBe("sent");
    await mailer.drain();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("mail_failed");
    expect(lines[0]).not.toContain(PASSWORD);
    expect(lines[0]).not.toContain("sekret-9");
  }
  await smtp.close();
  await new Promise((resolve) => deaf.close(resolve));
});

test("a request neither waits for the mail nor fails with it, and says that it was sent", async () => {
  const [dialect] = TEST_DIALECTS;
  if (dialect === undefined) throw new Error("no database");
  const smtp = await startSmtp();
  const smtpUrl = `smtp://mailer:p%20w@127.0.0.1:${smtp.port}`;
  await using server = await startServer(dialect, { smtpUrl });
  const admin = await server.createUser({ is_admin: 1 });
  const user = await server.createUser({
    email: "reset@example.com",
    email_key: "reset@example.com",
  });
  const arrival = smtp.next();
  const reset = await server.call("DELETE", `/user/${user.id}/password`, { as: admin.session });
  expect([reset.status, reset.headers.get("x-conch-mail")]).toEqual([204, "sent"]);
  await arrival;
  const password = /^Password: (\S+)\r$/m.exec(smtp.received[0]?.message ?? "")?.[1] ?? "";
  expect((await server.login(user.email, password)).status).toBe(200);
  await smtp.close();
  const again = await server.call("DELETE", `/user/${user.id}/password`, { as: admin.session });
  expect([again.status, again.headers.get("x-conch-mail")]).toEqual([204, "sent"]);
  expect(await server.mails()).toEqual([]);
});
