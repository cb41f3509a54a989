import { expect, test } from "bun:test";
import { ERRORS, ROUTES, type Route } from "@conch/contract";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createOpenApi } from "../src/openapi.ts";
import { createImplementations } from "../src/routes/index.ts";
import type { Services } from "../src/services/index.ts";

const DOCS = join(import.meta.dir, "../../../docs");
const idsOf = (routes: readonly Route[]) => routes.map(({ id }) => id).toSorted();

test("each route of the contract has exactly one implementation, and nothing else has", () => {
  const options = { isSecure: false, issuer: () => "" };
  const implementations = createImplementations({} as Services, options);
  expect(idsOf(implementations.map(({ route }) => route))).toEqual(idsOf(ROUTES));
});

test("no two routes have one id, or one method and path", () => {
  expect(new Set(idsOf(ROUTES)).size).toBe(ROUTES.length);
  expect(new Set(ROUTES.map(({ method, path }) => `${method} ${path}`)).size).toBe(ROUTES.length);
});

test("each route has a file of tests", () => {
  const files = ROUTES.map(({ id }) =>
    id.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
  );
  const found = readdirSync(join(import.meta.dir, "routes"));
  expect(found.toSorted()).toEqual(files.map((name) => `${name}.test.ts`).toSorted());
});

test("every route that revokes or deletes refuses unknown query parameters", () => {
  const risky = ROUTES.filter(
    (route) => route.method === "DELETE" || route.errors.includes("revocation_unconfirmed"),
  );
  expect(risky.length).toBeGreaterThan(5);
  expect(risky.filter(({ query }) => query === undefined).map(({ id }) => id)).toEqual([]);
});

test("the OpenAPI document has the contract's routes and no others, and every reference resolves", () => {
  const document = createOpenApi("https://conch.example.com") as {
    paths: Record<string, Record<string, { operationId: string; responses: object }>>;
    components: { schemas: object; responses: object };
  };
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  );
  const described = operations.map(
    ({ path, method, operation }) => `${operation.operationId} ${method} ${path}`,
  );
  const expected = ROUTES.flatMap(({ id, method, path, head }) => [
    `${id} ${method.toLowerCase()} ${path}`,
    ...(head === true ? [`${id}Head head ${path}`] : []),
  ]);
  expect(described.toSorted()).toEqual(expected.toSorted());
  const text = JSON.stringify(document);
  for (const [, kind = "", name = ""] of text.matchAll(/"#\/components\/(\w+)\/(\w+)"/g)) {
    expect(Object.keys(Reflect.get(document.components, kind) as object)).toContain(name);
  }
  expect(text).not.toContain("$defs");
  for (const route of ROUTES) {
    const responses = Object.keys(
      document.paths[route.path]?.[route.method.toLowerCase()]?.responses ?? {},
    );
    const statuses = [...Object.keys(route.replies), ...route.errors.map((c) => ERRORS[c].status)];
    expect(responses).toEqual(expect.arrayContaining(statuses.map(String)));
  }
});

test("a named schema keeps its field called id", () => {
  const text = JSON.stringify(createOpenApi("/"));
  expect(text).toContain('"UserBrief":{"type":"object","properties":{"id":{');
});

test("every error code has a page in docs/errors, with its status, and every page a code", () => {
  const pages = readdirSync(join(DOCS, "errors")).map((name) => name.replace(/\.md$/, ""));
  expect(pages.filter((name) => name !== "README").toSorted()).toEqual(
    Object.keys(ERRORS).toSorted(),
  );
  for (const [code, { status }] of Object.entries(ERRORS)) {
    const page = readFileSync(join(DOCS, "errors", `${code}.md`), "utf8");
    expect(page).toStartWith(`# ${code}\n`);
    expect(page).toContain(`HTTP status: ${status}`);
  }
});

test("docs/server.md names every option of conchd serve", async () => {
  const { SERVE_OPTIONS } = await import("../src/options.ts");
  expect(existsSync(join(DOCS, "server.md"))).toBe(true);
  const page = readFileSync(join(DOCS, "server.md"), "utf8");
  for (const { flags, env } of Object.values(SERVE_OPTIONS)) {
    expect(page).toContain(`\`${flags}\``);
    expect(page).toContain(`\`${env}\``);
  }
});
