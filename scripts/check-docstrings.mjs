// Lists exported symbols of the packages without a docstring; part of npm run check. What is described
// by its own definition needs none: a command, a route, the type of a schema.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const EXPORT =
  /^export (?:abstract |async )*(?:const|let|function\*?|class|interface|type|enum) (\w+)/;
const DESCRIBES_ITSELF = [
  /^export const command = defineCommand\(/,
  /= (?:\/\* @__PURE__ \*\/ )?defineRoute\($/,
  /^export type (\w+) = OutputOf<typeof \1>;$/,
];

/** The lines of a source file that export something without saying what it is. */
function findUndocumented(text) {
  const lines = text.split("\n");
  return lines.flatMap((line, index) => {
    const name = EXPORT.exec(line)?.[1];
    if (name === undefined || DESCRIBES_ITSELF.some((pattern) => pattern.test(line))) return [];
    // Comments for tools stand between a docstring and what it describes.
    const above = lines.slice(0, index).findLast((other) => !other.startsWith("//")) ?? "";
    return above.endsWith("*/") ? [] : [`${index + 1} ${name}`];
  });
}

const packages = readdirSync("packages").map((name) => join("packages", name, "src"));
const faults = packages.flatMap((folder) =>
  readdirSync(folder, { recursive: true })
    .filter((name) => /(?<!\.test|\.d)\.tsx?$/.test(name))
    .map((name) => join(folder, name))
    .flatMap((file) =>
      findUndocumented(readFileSync(file, "utf8")).map((place) => `${file}:${place}`),
    ),
);
for (const fault of faults) console.error(`${fault}: exported without a docstring`);
process.exit(faults.length === 0 ? 0 : 1);
