import { expect, test } from "bun:test";
import { z } from "zod";
import * as contract from "../src/index.ts";
import { defineRoute } from "../src/route.ts";
import { defineSchema } from "../src/schema.ts";

test("loading the contract makes none of its schemas", () => {
  const made = Object.entries(contract).filter(([, value]) => value instanceof z.ZodType);
  expect(made).toEqual([]);
});

test("a schema is made once, when it is asked for", () => {
  let count = 0;
  const Name = defineSchema(() => {
    count += 1;
    return z.string();
  });
  expect(count).toBe(0);
  expect(Name()).toBe(Name());
  expect(count).toBe(1);
});

test("a route can be sent before its schemas are made, and they are made once", () => {
  let count = 0;
  const route = defineRoute(
    {
      id: "example",
      method: "GET",
      path: "/example",
      summary: "An example",
      tag: "system",
      access: "public",
      errors: [],
    },
    () => {
      count += 1;
      return { replies: { 200: z.string(), 204: null } };
    },
  );
  expect([route.method, route.path, count]).toEqual(["GET", "/example", 0]);
  expect(route.replies[200]).toBe(route.replies[200]);
  expect([route.replies[204], "query" in route && route.query, count]).toEqual([
    null,
    undefined,
    1,
  ]);
});
