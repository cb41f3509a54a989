// Types, lint, format, unused code: everything that can be said of the code without running it.
import { spawnSync } from "node:child_process";

const checks = [
  ["node", "scripts/complete-lock.mjs", "--check"],
  ["node", "scripts/check-docstrings.mjs"],
  ["node_modules/.bin/tsc", "-p", "."],
  ["node_modules/.bin/oxlint", "--deny-warnings", "."],
  ["node_modules/.bin/oxfmt", "--check", "."],
  ["node_modules/.bin/knip", "--no-progress"],
];

let failed = 0;
for (const [command, ...options] of checks) {
  const run = spawnSync(command, options, { stdio: "inherit" });
  if (run.status !== 0) {
    failed += 1;
    console.error(`check: ${[command, ...options].join(" ")} failed`);
  }
}
process.exit(failed === 0 ? 0 : 1);
