// Kills writers of the config file at random moments: `bun scripts/crash-config.ts [KILLS]`.
import { crashWriters } from "../packages/cli/test/profiles/crash.ts";

const { kills, midWrite } = await crashWriters(Number(process.argv[2] ?? 1_000));
console.log(
  `${kills} kills, ${midWrite} of them while a write was under way: nothing broken or lost`,
);
