// npm test: builds what tests run, starts what they share, runs them all, says how it went.
// `npm test -- FILTER` runs the files whose path holds FILTER; other options go to `bun test`.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { chmodSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BINARIES_VARIABLE } from "../acceptance/harness/binaries.ts";
import { startPostgres } from "../packages/server/test/postgres.ts";
import { buildBinary, NO_FLAGS, ROOT } from "./binaries.ts";
import { buildLibraries } from "./libraries.ts";

const WORKERS = 2;
/** Sessions at once in a worker: each runs binaries of its own. */
const CONCURRENT_TESTS = 4;
/** Long, so that a busy machine fails no test; what hangs is still found. */
const TEST_TIMEOUT_MS = 60_000;

/** Runs `bun test`, shows what it prints, and returns how many tests passed and failed. */
async function runTests(args: readonly string[], env: Readonly<Record<string, string>>) {
  const child = Bun.spawn(
    [
      process.execPath,
      "test",
      "--no-orphans",
      `--parallel=${WORKERS}`,
      `--max-concurrency=${CONCURRENT_TESTS}`,
      "--only-failures",
      `--timeout=${TEST_TIMEOUT_MS}`,
      ...args,
    ],
    { cwd: ROOT, env: { ...process.env, ...env }, stdout: "inherit", stderr: "pipe" },
  );
  let tail = "";
  for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
    await Bun.write(Bun.stderr, text);
    tail = (tail + text).slice(-4000);
  }
  const exitCode = await child.exited;
  const count = (word: string) =>
    Number([...tail.matchAll(new RegExp(`^\\s*(\\d+) ${word}$`, "gm"))].at(-1)?.[1] ?? 0);
  return { exitCode, passed: count("pass"), failed: count("fail") };
}

async function main(): Promise<number> {
  const temporary = await mkdtemp(join(tmpdir(), "conch-test-"));
  // PostgreSQL runs as another user where this is root.
  chmodSync(temporary, 0o711);
  process.env["TMPDIR"] = temporary;
  const stop = () => process.exit(130);
  process.once("SIGINT", stop).once("SIGTERM", stop);
  process.once("exit", () => Bun.spawnSync(["rm", "-rf", temporary]));

  const binaries = join(temporary, "bin");
  await mkdir(binaries);
  const givenPostgres = process.env["CONCH_TEST_POSTGRES_URL"];
  const [postgres] = await Promise.all([
    givenPostgres === undefined ? startPostgres() : undefined,
    buildBinary("conch", join(binaries, "conch"), NO_FLAGS),
    buildBinary("conchd", join(binaries, "conchd"), NO_FLAGS),
    buildLibraries(),
  ]);
  try {
    const { exitCode, passed, failed } = await runTests(process.argv.slice(2), {
      TMPDIR: temporary,
      [BINARIES_VARIABLE]: binaries,
      CONCH_TEST_POSTGRES_URL: givenPostgres ?? postgres?.url ?? "",
    });
    // A fault outside of any test fails the run too, and must show in the last line.
    const faults = exitCode !== 0 && failed === 0 ? 1 : failed;
    console.log(`${passed} passed, ${faults} failed`);
    return passed === 0 || faults > 0 ? 1 : 0;
  } finally {
    await postgres?.stop();
    await rm(temporary, { recursive: true, force: true });
  }
}

try {
  process.exit(await main());
} catch (error) {
  // Nothing was run: a binary that cannot be built, no PostgreSQL to be had.
  console.error(`test: ${error instanceof Error ? error.message : String(error)}`);
  console.log("0 passed, 1 failed");
  process.exit(1);
}
