/** What two clients do in the same moment, each on a node of its own. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { describeEachDialect } from "./databases.ts";
import {
  type Answer,
  PASSWORD,
  type RequestParts,
  type TestServer,
  type TestUser,
  sessionOf,
  startServer,
} from "./server.ts";

/** Each round is another order of what happens. */
const ROUNDS = 5;
const NEW_PASSWORD = "seven tin boats adrift";

const statusesOf = (answers: readonly Answer[]) =>
  answers.map(({ status }) => status).sort((a, b) => a - b);

/** Every answer is one of these. */
function expectStatuses(answers: readonly Answer[], allowed: readonly number[]): void {
  expect(statusesOf(answers).filter((status) => !allowed.includes(status))).toEqual([]);
}

describeEachDialect("in the same moment", (dialect) => {
  let one: TestServer;
  let two: TestServer;
  beforeAll(async () => {
    one = await startServer(dialect);
    two = await startServer(dialect, { database: one.databaseUrl });
  });
  afterAll(async () => {
    await two[Symbol.asyncDispose]();
    await one[Symbol.asyncDispose]();
  });

  /** The same request on both nodes. */
  const both = (method: string, path: string, parts?: RequestParts): Promise<Answer>[] =>
    [one, two].map((node) => node.call(method, path, parts));

  const createAdmin = () => one.createUser({ is_admin: 1 });

  async function countLive(userId: string): Promise<number> {
    const rows = await one.database.db
      .selectFrom("token")
      .select("id")
      .where("user_id", "=", userId)
      .where("revoked_at_ms", "is", null)
      .execute();
    return rows.length;
  }

  test("logins, refreshes, logouts and a revocation: one after another, and then nothing is left", async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const user = await one.createUser();
      const second = sessionOf(await two.login(user.email, PASSWORD));
      const logins = [one, two].map((node) => node.login(user.email, PASSWORD));
      const answers = await Promise.all([
        ...logins,
        ...both("POST", "/refresh_token", { as: user.session }),
        two.call("POST", "/logout", { as: second }),
        one.call("POST", "/user/me/revoke", { as: user.session }),
        ...both("GET", "/me", { as: second }),
      ]);
      expectStatuses(answers, [200, 204, 401]);
      const begun = answers
        .slice(0, 4)
        .filter(({ status }) => status === 200)
        .map(sessionOf);
      expect(begun.length).toBeGreaterThan(0);

      const last = sessionOf(await one.login(user.email, PASSWORD));
      const revoked = await one.call("POST", "/user/me/revoke?wait=1", { as: last });
      expect(revoked.status).toBe(200);
      const tries = [user.session, second, last, ...begun].flatMap((as) =>
        both("GET", "/me", { as }),
      );
      expect(new Set(statusesOf(await Promise.all(tries)))).toEqual(new Set([401]));
      expect(await countLive(user.id)).toBe(0);
    }
  });

  test("two tokens of one name: one is made, the other refused; so when one is removed meanwhile", async () => {
    const user = await one.createUser();
    const as = user.session;
    const parts = { as, json: { name: "t" } };
    for (let round = 0; round < ROUNDS; round += 1) {
      const made = await Promise.all(both("POST", "/user/me/token", parts));
      expect(statusesOf(made)).toEqual([201, 400]);
      const refused = made.find(({ status }) => status === 400);
      expect(refused?.field("code")).toBe("name_in_use");

      const removals = both("DELETE", "/user/me/token/t", { as });
      const again = both("POST", "/user/me/token", parts);
      expectStatuses(await Promise.all(removals), [204, 404]);
      const created = (await Promise.all(again)).filter(({ status }) => status === 201);
      const listed = (await one.call("GET", "/user/me/token", { as })).list();
      expect(listed.length).toBeLessThanOrEqual(1);
      // What was made and is not there was removed; nothing is there that was not made.
      expect(created.length).toBeGreaterThanOrEqual(listed.length);
      await one.call("DELETE", "/user/me/token/t", { as });
    }
  });

  test("all settings twice, and single ones: the last replacement stands, and nothing of another", async () => {
    const { session: as } = await one.createUser();
    const keys = ["a", "b", "c", "d"];
    const all = (value: string) => Object.fromEntries(keys.map((key) => [key, value]));
    const replace = (node: TestServer, json: object) =>
      node.call("POST", "/user/me/settings", { as, json });
    const stored = async () => (await one.call("GET", "/user/me/settings", { as })).json();
    for (let round = 0; round < 4 * ROUNDS; round += 1) {
      const [left, right] = [all("left"), { ...all("right"), more: round }];
      const replaced = await Promise.all([replace(one, left), replace(two, right)]);
      expect(statusesOf(replaced)).toEqual([204, 204]);
      expect([left, right]).toContainEqual((await stored()) as typeof left);

      await replace(one, { none: "of them" });
      const set = keys.map((key) =>
        two.call("POST", `/user/me/settings/${key}`, { as, json: { [key]: "set" } }),
      );
      expectStatuses(await Promise.all([replace(one, left), ...set]), [204]);
      expect(Object.keys(await stored()).toSorted()).toEqual(keys);
    }
  });

  test("a reset and logins with the old password: none of them outlives it", async () => {
    const admin = await createAdmin();
    for (let round = 0; round < ROUNDS; round += 1) {
      const user = await one.createUser();
      const path = `/user/${user.id}/password?wait=1`;
      const [reset, ...logins] = await Promise.all([
        one.call("DELETE", path, { as: admin.session }),
        ...[one, two, one].map((node) => node.login(user.email, PASSWORD)),
      ]);
      expect(reset?.status).toBe(200);
      expectStatuses(logins, [200, 401]);
      const begun = logins.filter(({ status }) => status === 200).map(sessionOf);
      const tries = [user.session, ...begun].flatMap((as) => both("GET", "/me", { as }));
      expect(new Set(statusesOf(await Promise.all(tries)))).toEqual(new Set([401]));
      expect((await two.login(user.email, PASSWORD)).status).toBe(401);
      expect(await countLive(user.id)).toBe(0);
    }
  });

  test("a reset and a change of the password: the one that comes last holds", async () => {
    const admin = await createAdmin();
    for (let round = 0; round < ROUNDS; round += 1) {
      const user = await one.createUser();
      const [changed, reset] = await Promise.all([
        one.call("POST", "/user/me/password", {
          as: user.session,
          json: { password: NEW_PASSWORD },
        }),
        two.call("DELETE", `/user/${user.id}/password`, { as: admin.session }),
      ]);
      expect(reset?.status).toBe(204);
      expect([204, 401]).toContain(changed?.status ?? 0);
      // The change locks the caller, whom a reset logs out: it can only have come first.
      const login = await one.login(user.email, NEW_PASSWORD);
      expect(login.status).toBe(401);
      expect((await one.login(user.email, PASSWORD)).status).toBe(401);
    }
  });

  test("two administrators demote each other: one of them is left", async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const [ann, bob] = [await createAdmin(), await createAdmin()];
      const demote = (node: TestServer, by: TestUser, whom: TestUser) =>
        node.call("POST", `/user/${whom.id}?send_mail=0`, {
          as: by.session,
          json: { is_admin: false },
        });
      const answers = await Promise.all([demote(one, ann, bob), demote(two, bob, ann)]);
      expect(statusesOf(answers)).toEqual([200, 403]);
    }
  });

  test("what an administrator changes, nobody else's change undoes", async () => {
    const admin = await createAdmin();
    for (let round = 0; round < ROUNDS; round += 1) {
      const user = await one.createUser();
      const path = `/user/${user.id}`;
      const rename = (node: TestServer, json: object) =>
        node.call("POST", `${path}?send_mail=0`, { as: admin.session, json });
      const answers = await Promise.all([
        rename(one, { name: `renamed ${round}` }),
        rename(two, { is_admin: true }),
        two.call("POST", `${path}/revoke?send_mail=0`, { as: admin.session }),
        one.call("DELETE", path, { as: admin.session }),
        rename(two, { email: `${randomUUID()}@example.com` }),
      ]);
      expectStatuses(answers, [200, 204, 404]);
      expect((await two.call("GET", path, { as: admin.session })).status).toBe(404);
      expect((await two.login(user.id, PASSWORD)).status).toBe(401);
      expect(await countLive(user.id)).toBe(0);
    }
  });

  test("a promotion, a demotion and a deactivation with tokens in flight: refused on every node after", async () => {
    const admin = await createAdmin();
    for (let round = 0; round < ROUNDS; round += 1) {
      const user = await one.createUser();
      const token = await one.createToken(user, "in flight");
      const change = (json: object) =>
        one.call("POST", `/user/${user.id}?send_mail=0`, { as: admin.session, json });
      const over = new AbortController();
      const use = async (node: TestServer): Promise<Answer[]> => {
        const answers: Answer[] = [];
        while (!over.signal.aborted) answers.push(await node.call("GET", "/user", { as: token }));
        return answers;
      };
      const uses = Promise.all([one, two].map(use));
      expect((await change({ is_admin: true })).status).toBe(200);
      expect((await one.call("GET", "/user", { as: token })).status).toBe(200);
      expect((await change({ is_admin: false })).status).toBe(200);
      expect((await one.call("GET", "/user", { as: token })).status).toBe(403);
      const path = `/user/${user.id}?wait=1`;
      expect((await two.call("DELETE", path, { as: admin.session })).status).toBe(200);
      const after = await Promise.all(both("GET", "/user", { as: token }));
      over.abort();
      expect(statusesOf(after)).toEqual([401, 401]);
      expectStatuses((await uses).flat(), [200, 401, 403]);
    }
  });
});
