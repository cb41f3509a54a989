import { expect, test } from "bun:test";
import { Glob } from "bun";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../binaries.ts";

interface Manifest {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

const manifests = ["package.json", ...new Glob("packages/*/package.json").scanSync(ROOT)].map(
  (path) => JSON.parse(readFileSync(join(ROOT, path), "utf8")) as Manifest,
);
const dependencies = manifests
  .flatMap(({ dependencies, devDependencies, optionalDependencies }) =>
    Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }),
  )
  .filter(([name]) => !name.startsWith("@conch/"));

test("docs/decisions/dependencies.md has a line for each dependency, and no other", () => {
  const page = readFileSync(join(ROOT, "docs/decisions/dependencies.md"), "utf8");
  const described = [...page.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, name]) => name ?? "");
  expect(new Set(described)).toEqual(new Set(dependencies.map(([name]) => name)));
});

test("every dependency is pinned to an exact version", () => {
  expect(dependencies.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual(
    [],
  );
});
