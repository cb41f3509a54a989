// All tests. `npm test -- FILTER` runs the files whose path holds FILTER.
import { spawnSync } from "node:child_process";

const run = spawnSync("npx", ["--no-install", "bun", "test", ...process.argv.slice(2)], {
  stdio: "inherit",
});
process.exit(run.status ?? 1);
