// Reads and changes mutated config files: `bun scripts/fuzz-config.ts [FILES]`.
import { fuzzConfig } from "../packages/cli/test/profiles/fuzz.ts";

const { refused, changed } = await fuzzConfig(Number(process.argv[2] ?? 100_000));
console.log(`${refused} files refused, ${changed} changed: no crash, nothing overwritten or lost`);
