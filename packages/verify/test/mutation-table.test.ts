import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { MUTATIONS } from "./simulation/mutations.ts";

const PAGE = join(import.meta.dir, "../../../docs/revocation.md");

/** The first column of the table whose head begins with `head`. */
function firstColumn(page: string, head: string): string[] {
  const [, table = ""] = page.split(`\n| ${head} |`);
  const [rows = ""] = table.split("\n\n");
  // Without the rest of the head and the line under it.
  return rows
    .split("\n")
    .slice(2)
    .map((row) => row.split("|")[1]?.trim() ?? "");
}

test("docs/revocation.md lists the mutations that the simulation finds, as they are named", async () => {
  const page = await readFile(PAGE, "utf8");
  expect(firstColumn(page, "got wrong")).toEqual(MUTATIONS.map(({ name }) => name));
});
