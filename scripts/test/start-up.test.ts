import { expect, test } from "bun:test";
import { buildBundle, NO_FLAGS } from "../binaries.ts";

const CLI = "packages/cli/src";
const { imports } = await buildBundle("conch", NO_FLAGS);

/** Everything that is loaded where these are. */
function loadedWith(...modules: string[]): Set<string> {
  const loaded = new Set<string>();
  const load = (module: string) => {
    if (loaded.has(module)) return;
    loaded.add(module);
    for (const next of imports.get(module) ?? []) load(next);
  };
  for (const module of modules) load(module);
  return loaded;
}

/** Those of the npm packages that are loaded. */
function packagesOf(modules: ReadonlySet<string>): string[] {
  const names = [...modules].flatMap(
    (path) => /^node_modules\/(@[^/]+\/[^/]+|[^/]+)/.exec(path)?.[1] ?? [],
  );
  return [...new Set(names)];
}

const FRAME = [`${CLI}/main.ts`, `${CLI}/context.ts`, `${CLI}/run.ts`, `${CLI}/commands/parse.ts`];

test("--version loads nothing", () => {
  expect([...loadedWith(`${CLI}/main.ts`)]).toEqual([`${CLI}/main.ts`, `${CLI}/build.ts`]);
});

test("the frame loads no command and no package", () => {
  const loaded = loadedWith(...FRAME);
  expect(loaded).toContain(`${CLI}/commands/index.ts`);
  expect([...loaded].filter((path) => /\/commands\/[^/]+\//.test(path))).toEqual([]);
  expect(packagesOf(loaded)).toEqual([]);
});

test.each(["profile/list", "profile/set-active", "general/completion", "general/help"])(
  "%s makes no request, and loads no schema library and no module of the platform",
  (command) => {
    const module = `${CLI}/commands/${command}.ts`;
    expect(imports.keys()).toContain(module);
    const loaded = loadedWith(...FRAME, module);
    expect(packagesOf(loaded)).toEqual([]);
    expect([...loaded].filter((path) => path.startsWith("node:"))).toEqual([]);
  },
);

test("a command with one request loads the schema library and nothing else", () => {
  const loaded = loadedWith(...FRAME, `${CLI}/commands/user/tokens.ts`);
  expect(packagesOf(loaded)).toEqual(["zod"]);
});
