// Types, lint, format, unused code: everything that can be said of the code without running it.
import { spawnSync } from "node:child_process";

const checks = [
  ["tsc", "-p", "."],
  ["oxlint", "--deny-warnings", "."],
  ["oxfmt", "--check", "."],
];

let failed = 0;
for (const [tool, ...options] of checks) {
  const run = spawnSync("npx", ["--no-install", tool, ...options], { stdio: "inherit" });
  if (run.status !== 0) {
    failed += 1;
    console.error(`check: ${tool} failed`);
  }
}
process.exit(failed === 0 ? 0 : 1);
