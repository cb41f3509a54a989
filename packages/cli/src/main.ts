import { versionText } from "./build.ts";

async function main(): Promise<void> {
  // Scripts ask this before anything else: answered before anything is loaded.
  if (process.argv.length === 3 && process.argv[2] === "--version") {
    await writeVersion();
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

/** `console.log` loses it on a full disk without a word, and `node:fs` takes longer to load than all else. */
async function writeVersion(): Promise<void> {
  try {
    await Bun.write(Bun.stdout, `${versionText()}\n`);
  } catch (error) {
    // A reader that went away has seen what it wanted.
    if ((error as { code?: unknown }).code !== "EPIPE") throw error;
  }
}

main().catch((error: unknown) => {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
