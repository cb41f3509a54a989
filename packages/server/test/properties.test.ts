import { expect, test } from "bun:test";
import { tokenNameFault } from "@conch/contract";
import * as fc from "fast-check";
import { describeServer } from "./server.ts";

const RUNS = 60;
const MS_MAX = 60_000;

/** As the Go client escapes a path segment: some reserved characters stay raw. */
function escapeLikeGo(name: string): string {
  return encodeURIComponent(name).replaceAll(/%(2B|26|3D|3A|40|24)/g, decodeURIComponent);
}

/** Keys that have gone wrong somewhere before. */
const awkward = fc.constantFrom(
  "__proto__",
  "constructor",
  "toString",
  "a/b",
  "a\\b",
  "100%",
  "%2e%2e",
  "%",
  "a b",
  " a",
  "a+b&c=d:e@f$g",
  "?x=1",
  "#x",
  ";x",
  "x_login_jwt_1",
  "e\u0301",
  "\u00e9",
  "\u{1f41a}\u200d\u{1f41a}",
  "...",
  "token",
  "me",
  "'\"",
);

describeServer("properties", (server) => {
  test(
    "property: a token's name survives create, Location, get, list and delete",
    async () => {
      const { session: as } = await server.createUser();
      const name = fc
        .oneof(awkward, fc.string({ unit: "binary", minLength: 1, maxLength: 255 }))
        .filter((text) => tokenNameFault(text) === null);
      await fc.assert(
        fc.asyncProperty(name, async (name) => {
          const created = await server.call("POST", "/user/me/token", { as, json: { name } });
          expect(created.status).toBe(201);
          expect(created.field("name")).toBe(name);
          const location = created.headers.get("location") ?? "";
          for (const path of [location, `/user/me/token/${escapeLikeGo(name)}`]) {
            const got = await server.call("GET", path, { as });
            expect([got.status, got.field("name")]).toEqual([200, name]);
          }
          const list = await server.call("GET", "/user/me/token", { as });
          expect(list.list().map((token) => token["name"])).toEqual([name]);
          expect((await server.call("DELETE", location, { as })).status).toBe(204);
          expect((await server.call("GET", location, { as })).status).toBe(404);
        }),
        { numRuns: RUNS },
      );
    },
    MS_MAX,
  );

  test(
    "property: what is no name is 400, and never a server's fault",
    async () => {
      const { session: as } = await server.createUser();
      const name = fc
        .string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)), maxLength: 300 })
        .filter((text) => tokenNameFault(text) !== null);
      await fc.assert(
        fc.asyncProperty(name, async (name) => {
          const created = await server.call("POST", "/user/me/token", { as, json: { name } });
          expect([created.status, created.field("code")]).toEqual([400, "invalid_token_name"]);
        }),
        { numRuns: RUNS },
      );
    },
    MS_MAX,
  );

  test(
    "property: any key and any value is a setting, __proto__, NUL and lone surrogates too",
    async () => {
      const { session: as } = await server.createUser();
      const anyText = fc.string({
        unit: fc.oneof(
          fc.nat(0xffff).map((unit) => String.fromCharCode(unit)),
          fc.constantFrom("/", "\0", "\ud800", "%", ".", "a"),
        ),
        maxLength: 60,
      });
      const settings = fc
        .uniqueArray(fc.tuple(fc.oneof(awkward, anyText), fc.jsonValue({ maxDepth: 3 })), {
          selector: ([key]) => key,
          minLength: 1,
          maxLength: 5,
        })
        .map((entries) => JSON.stringify(Object.fromEntries(entries)));
      await fc.assert(
        fc.asyncProperty(settings, async (body) => {
          const headers = { "content-type": "application/json" };
          const path = "/user/me/settings";
          expect((await server.call("POST", path, { as, body, headers })).status).toBe(204);
          const all = await server.call("GET", path, { as });
          const expected = Object.entries(JSON.parse(body) as object);
          expect(sorted(Object.entries(all.json()))).toEqual(sorted(expected));
          for (const [key, value] of expected) {
            // A path cannot hold an empty or a dot segment, nor what is not Unicode.
            if (["", ".", ".."].includes(key) || !key.isWellFormed()) continue;
            const one = await server.call("GET", `${path}/${encodeURIComponent(key)}`, { as });
            expect(Object.entries(one.json())).toEqual([[key, value]]);
          }
        }),
        { numRuns: RUNS },
      );
    },
    MS_MAX,
  );

  test(
    "property: one setting is set, read and removed by its path",
    async () => {
      const { session: as } = await server.createUser();
      const key = fc
        .oneof(awkward, fc.string({ unit: "binary", minLength: 1, maxLength: 60 }))
        .filter((text) => ![".", ".."].includes(text));
      await fc.assert(
        fc.asyncProperty(key, fc.jsonValue({ maxDepth: 2 }), async (key, value) => {
          const path = `/user/me/settings/${escapeLikeGo(key)}`;
          const body = JSON.stringify(Object.fromEntries([[key, value]]));
          const headers = { "content-type": "application/json" };
          expect((await server.call("POST", path, { as, body, headers })).status).toBe(204);
          expect((await server.call("GET", path, { as })).text).toBe(body);
          expect((await server.call("DELETE", path, { as })).status).toBe(204);
          expect((await server.call("GET", path, { as })).status).toBe(404);
        }),
        { numRuns: RUNS },
      );
    },
    MS_MAX,
  );
});

function sorted(entries: [string, unknown][]): [string, unknown][] {
  return entries.toSorted(([left], [right]) => (left < right ? -1 : 1));
}
