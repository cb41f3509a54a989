import { expect, test } from "bun:test";
import { ROUTES, type Route } from "@conch/contract";
import { bearer, describeServer } from "./server.ts";

/** A path that names nothing, with a query that no route knows. */
function badPathOf(route: Route): string {
  return `${route.path.replaceAll(/\{\w+\}/g, "no-such")}?unknown=1`;
}

const restricted = ROUTES.filter(({ access }) => access !== "public");

describeServer("access to every route", (server) => {
  test("401 first, whatever else is wrong with the request", async () => {
    for (const route of restricted) {
      for (const as of [{}, bearer("dead")]) {
        const answer = await server.call(route.method, badPathOf(route), {
          as,
          ...(route.method === "POST" && {
            body: "<not json>",
            headers: { "content-type": "text/xml" },
          }),
        });
        expect([route.id, answer.status, answer.field("error")]).toEqual([
          route.id,
          401,
          "Unauthorized",
        ]);
        expect(answer.headers.get("www-authenticate")).toStartWith('Bearer realm="conch"');
      }
    }
  });

  test("403 for everybody but administrators, before the body or the target is looked at", async () => {
    const user = await server.createUser();
    const token = await server.createToken(user, "t");
    const administration = restricted.filter(({ access }) => access === "admin");
    expect(administration.length).toBeGreaterThan(8);
    for (const route of administration) {
      for (const as of [user.session, token]) {
        const answer = await server.call(route.method, badPathOf(route), {
          as,
          ...(route.method === "POST" && { body: "<not json>" }),
        });
        expect([route.id, answer.status, answer.field("code"), answer.field("error")]).toEqual([
          route.id,
          403,
          "admin_required",
          "Must be system admin",
        ]);
      }
    }
  });

  test("rights: read covers GET routes, verify those for verifiers, whoever's token it is", async () => {
    const admin = await server.createUser({ is_admin: 1 });
    const read = await server.createToken(admin, "reader", { rights: "read" });
    const verify = await server.createToken(admin, "verifier", { rights: "verify" });
    for (const route of restricted) {
      const path = badPathOf(route);
      const statusOf = async (as: Record<string, string>) => {
        const answer = await server.call(route.method, path, { as });
        if (answer.status === 403) {
          expect(answer.field("code")).toBe("insufficient_rights");
          expect(answer.headers.get("www-authenticate")).toContain('error="insufficient_scope"');
        }
        return answer.status;
      };
      const isForVerifiers = route.tag === "verification";
      expect([route.id, (await statusOf(verify)) === 403]).toEqual([route.id, !isForVerifiers]);
      const isRefused = (await statusOf(read)) === 403;
      expect([route.id, isRefused]).toEqual([route.id, route.method !== "GET"]);
    }
  });

  test("an administrator's API token does all that the administrator may", async () => {
    const admin = await server.createUser({ is_admin: 1 });
    const token = await server.createToken(admin, "t");
    expect((await server.call("GET", "/user", { as: token })).status).toBe(200);
  });
});
