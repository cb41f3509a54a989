import { versionText } from "./build.ts";
import { writeWhole } from "./output/write-whole.ts";

async function main(): Promise<void> {
  // Scripts ask this before anything else: answered before anything is loaded.
  if (process.argv.length === 3 && process.argv[2] === "--version") {
    // `console.log` loses it on a full disk without a word.
    writeWhole(1, `${versionText()}\n`);
    return;
  }
  const [{ createContext }, { runConch }] = await Promise.all([
    import("./context.ts"),
    import("./run.ts"),
  ]);
  // Should nothing be left to wait for before there is an answer, that is no success.
  process.exitCode = 1;
  process.exit(await runConch(createContext()));
}

main().catch((error: unknown) => {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
