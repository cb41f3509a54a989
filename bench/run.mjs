// Runs the benchmarks, one after the other, and prints what they found as one table.
//   npm run bench                    all of them
//   npm run bench -- NAME…           those
//   npm run bench -- --full          also the forms that take long
//   npm run bench -- --rounds N --seconds N
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { cpus, release, tmpdir, totalmem, type } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const BENCH = fileURLToPath(new URL(".", import.meta.url));
const SUFFIX = ".bench.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: "boolean" },
    rounds: { type: "string" },
    seconds: { type: "string" },
  },
});
const known = readdirSync(BENCH)
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length));
const unknown = positionals.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(", ")}; there are: ${known.join(", ")}`);
  process.exit(2);
}

function run(command, options, settings) {
  return spawnSync(command, options, { stdio: "inherit", ...settings }).status === 0;
}

if (!existsSync(join(BENCH, "peers/node_modules/.package-lock.json"))) {
  console.log("installing the peers (bench/peers), once");
  const installed = run("npm", ["ci", "--silent", "--no-audit", "--no-fund"], {
    cwd: join(BENCH, "peers"),
  });
  if (!installed) process.exit(1);
}

const directory = mkdtempSync(join(tmpdir(), "conch-bench-"));
// PostgreSQL does not run as root: whoever it runs as must be able to enter.
chmodSync(directory, 0o755);
const results = join(directory, "results");
const { NODE_EXTRA_CA_CERTS: _, ...environment } = process.env;
const options = Object.entries(values).flatMap(([name, value]) =>
  value === true ? [`--${name}`] : [`--${name}`, value],
);
const broken = [];
for (const name of positionals.length > 0 ? positionals : known) {
  console.log(`\n${name}`);
  const done = run(
    join(BENCH, "../node_modules/.bin/bun"),
    [join(BENCH, `${name}${SUFFIX}`), ...options],
    { env: { ...environment, CONCH_BENCH_RESULTS: results, TMPDIR: directory } },
  );
  if (!done) broken.push(name);
}

const findings = existsSync(results)
  ? readFileSync(results, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line))
  : [];
rmSync(directory, { recursive: true, force: true });
const [cpu] = cpus();
console.log(
  `\n${cpus().length} × ${cpu?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()}\n`,
);
console.log("| what | target | result | |\n| --- | --- | --- | --- |");
for (const { what, target, result, pass } of findings) {
  console.log(
    `| ${what} | ${target} | ${result} | ${pass === null ? "" : pass ? "pass" : "FAIL"} |`,
  );
}
for (const name of broken) console.log(`\n${name} did not run to its end`);
const failed = findings.filter(({ pass }) => pass === false).length;
console.log(`\n${failed} targets missed of ${findings.filter(({ pass }) => pass !== null).length}`);
process.exit(failed + broken.length === 0 ? 0 : 1);
