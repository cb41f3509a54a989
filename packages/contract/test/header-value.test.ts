import { expect, test } from "bun:test";
import { toHeaderValue } from "@conch/contract";
import { assert, property, string } from "fast-check";

test("printable ASCII stays as it is", () => {
  expect(toHeaderValue("deploy key: a/b+c@d")).toBe("deploy key: a/b+c@d");
});

test("the rest, % and outer spaces are percent-encoded", () => {
  expect(toHeaderValue("clé à 100%")).toBe("cl%C3%A9 %C3%A0 100%25");
  expect(toHeaderValue("  x ")).toBe("%20%20x%20");
  expect(toHeaderValue(" ")).toBe("%20");
});

test("every text comes back, whatever HTTP does to the ends of a value", () => {
  assert(
    property(string({ unit: "binary" }), (text) => {
      const { headers } = new Response(null, { headers: { value: toHeaderValue(text) } });
      expect(decodeURIComponent(headers.get("value") ?? "")).toBe(text.toWellFormed());
    }),
  );
});
