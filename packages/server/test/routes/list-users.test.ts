import { expect, test } from "bun:test";
import { describeServer } from "../server.ts";

describeServer("GET /user", (server) => {
  test("200: active users in detail, by address", async () => {
    const admin = await server.createUser({ is_admin: 1 });
    const gone = await server.createUser();
    await server.call("DELETE", `/user/${gone.id}`, { as: admin.session });
    const answer = await server.call("GET", "/user", { as: admin.session });
    expect(answer.status).toBe(200);
    const emails = answer.list().map(({ email }) => String(email));
    expect(emails).toContain(admin.email);
    expect(emails).not.toContain(gone.email);
    expect(emails).toEqual(emails.toSorted((a, b) => (a < b ? -1 : 1)));
    expect(answer.text).not.toContain("argon2");
  });
});
