// Every console session of acceptance/, the README and the docs, run as it is written.
// UPDATE_SESSIONS=1 writes what was printed into the files instead; look at the diff.
import { describe, test } from "bun:test";
import { Glob } from "bun";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PATH, runSessionFile } from "./harness/run.ts";
import { parseSession } from "./harness/session.ts";

const ROOT = join(import.meta.dir, "..");
const SESSION_TIMEOUT_MS = 120_000;
const update = process.env["UPDATE_SESSIONS"] === "1";

function files(...patterns: readonly string[]): string[] {
  return patterns.flatMap((pattern) => [...new Glob(pattern).scanSync(ROOT)]).sort();
}

/** One test a file that has sessions. */
function testSessions(paths: readonly string[], mergeStreams: boolean): void {
  for (const path of paths) {
    const full = join(ROOT, path);
    const session = parseSession(readFileSync(full, "utf8"), path);
    if (session.steps.length === 0) continue;
    const missing = session.needs.filter((program) => Bun.which(program, { PATH }) === null);
    if (missing.length > 0) {
      console.error(`\nNOT TESTED: ${path} needs ${missing.join(", ")}; .ci/run installs it\n`);
      continue;
    }
    test.concurrent(path, () => runSessionFile(full, { mergeStreams, update }), SESSION_TIMEOUT_MS);
  }
}

describe("acceptance", () => {
  testSessions(files("acceptance/sessions/**/*.md"), false);
});

describe("documentation", () => {
  testSessions(files("*.md", "acceptance/*.md", "docs/**/*.md", "packages/*/README.md"), true);
});
