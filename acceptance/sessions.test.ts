// Every console session of acceptance/, the README and the docs, run as it is written.
// UPDATE_SESSIONS=1 writes what was printed into the files instead; look at the diff.
import { describe, expect, test } from "bun:test";
import { Glob } from "bun";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findCommand, hasSwitch } from "../packages/cli/src/commands/find-command.ts";
import { BUILD_COMMANDS } from "../packages/cli/src/commands/index.ts";
import { splitCommand } from "../packages/cli/src/profiles/split-command.ts";
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

/** The commands of a line, with whether they print JSON. */
function commandsIn(line: string): { path: string; isJson: boolean }[] {
  return [...line.matchAll(/\bconch (?<words>[^|<>;&)]+)/gu)].flatMap(({ groups }) => {
    const words = splitCommand(groups?.["words"]?.replaceAll("\n", " ") ?? "") ?? [];
    try {
      const { entry } = findCommand(words, BUILD_COMMANDS);
      return entry === null ? [] : [{ path: entry.path, isJson: hasSwitch(words, "--json", "-j") }];
    } catch {
      // A line that is wrong on purpose.
      return [];
    }
  });
}

test("pitfall 17: every command has a session, for people and with --json", () => {
  const commands = files("acceptance/sessions/**/*.md").flatMap((path) => {
    const { steps } = parseSession(readFileSync(join(ROOT, path), "utf8"), path);
    return steps
      .filter(({ exitCode }) => exitCode === 0)
      .flatMap(({ command }) => commandsIn(command));
  });
  const all = BUILD_COMMANDS.map(({ path }) => path);
  for (const isJson of [true, false]) {
    const covered = new Set(
      commands.filter((each) => each.isJson === isJson).map(({ path }) => path),
    );
    expect([isJson, all.filter((path) => !covered.has(path))]).toEqual([isJson, []]);
  }
});

describe("documentation", () => {
  testSessions(files("*.md", "acceptance/*.md", "docs/**/*.md", "packages/*/README.md"), true);
});
