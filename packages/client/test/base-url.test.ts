import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { buildRawUrl, buildUrl, InvalidUrlError, normalizeBaseUrl } from "../src/base-url.ts";
import { createClient } from "../src/client.ts";

describe("the base URL", () => {
  test.each([
    ["https://host", "https://host"],
    ["https://HOST:443/", "https://host"],
    ["http://[::1]:5001/api/v1///", "http://[::1]:5001/api/v1"],
    ["https://host/a%20b", "https://host/a%20b"],
  ])("%s is %s", (text, expected) => {
    expect(normalizeBaseUrl(text)).toEqual({ ok: true, url: expected });
  });

  test.each([
    [""],
    ["host"],
    ["ftp://host"],
    ["https://u:p@host"],
    ["https://host?x"],
    ["https://host#x"],
    ["https://host?"],
    ["https:\\\\host"],
    ["https://ho st"],
    ["https://host/a\tb"],
    ["https:host"],
  ])("%p is refused", (text) => {
    expect(normalizeBaseUrl(text)).toMatchObject({ ok: false });
  });

  test.each([["https://u:sesame@host"], ["ftp://u:sesame@host"], ["https://u:sesame@host?#"]])(
    "the password in %p is not in the error, nor in a client's",
    (baseUrl) => {
      expect(JSON.stringify(normalizeBaseUrl(baseUrl))).not.toContain("sesame");
      const fetch = () => Promise.reject(new Error("nothing is sent"));
      const make = () => createClient({ baseUrl, credential: null, fetch, userAgent: "test" });
      expect(make).toThrow(InvalidUrlError);
      expect(make).not.toThrow("sesame");
    },
  );
});

describe("the URL of a route", () => {
  const name = fc.string({ unit: "grapheme", minLength: 1 });

  test("pitfall 6, 7: whatever the parameters, the request has the route's segments and those values", () => {
    fc.assert(
      fc.property(name, name, (user, token) => {
        fc.pre(![user, token].some((each) => each === "." || each === ".."));
        const text = buildUrl("https://host/api", "/user/{user}/token/{name}", {
          user,
          name: token,
        });
        const { pathname, origin, search, hash } = new URL(text);
        expect(origin + pathname + search + hash).toBe(text);
        const segments = pathname.split("/").slice(1).map(decodeURIComponent);
        expect(segments).toEqual(["api", "user", user, "token", token]);
      }),
    );
  });

  test.each([[""], ["."], [".."], ["\uD800"]])("pitfall 6, 8: %p is no parameter", (value) => {
    expect(() => buildUrl("https://host", "/token/{name}", { name: value })).toThrow(
      InvalidUrlError,
    );
  });

  test("a missing parameter is refused", () => {
    expect(() => buildUrl("https://host", "/token/{name}", {})).toThrow(InvalidUrlError);
  });

  test("a query is escaped, and absent values are left out", () => {
    const text = buildUrl("https://host", "/x", {}, { a: "1&b=2", b: undefined });
    expect(text).toBe("https://host/x?a=1%26b%3D2");
  });

  test("a raw path goes out as it was typed, or not at all", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary-ascii" }), (path) => {
        let text: string;
        try {
          text = buildRawUrl("https://host/api", path);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidUrlError);
          return;
        }
        const { origin, pathname } = new URL(text);
        expect(origin + pathname).toBe(`https://host/api${path.split("?")[0]}`);
      }),
    );
    expect(buildRawUrl("https://host/api", "/user/a%2Fb?x=1")).toBe(
      "https://host/api/user/a%2Fb?x=1",
    );
  });
});
