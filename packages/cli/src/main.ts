import { versionText } from "./build.ts";

async function main(): Promise<void> {
  // Scripts ask this before anything else: answered before anything is loaded.
  const isVersion = process.argv.length === 3 && process.argv[2] === "--version";
  if (isVersion && (await writeVersionToPipe())) return;
  const [{ createContext }, { runConch }] = await Promise.all([
    import("./context.ts"),
    import("./run.ts"),
  ]);
  // Should nothing be left to wait for before there is an answer, that is no success.
  process.exitCode = 1;
  process.exit(await runConch(createContext()));
}

/**
 * Without `node:fs`, which takes longer to load than all else.
 *
 * @returns whether it was written; where not, the way of all answers finds out why.
 */
async function writeVersionToPipe(): Promise<boolean> {
  try {
    const stats = await Bun.stdout.stat();
    if (!stats.isFIFO() && !stats.isSocket()) return false;
    await Bun.write(Bun.stdout, `${versionText()}\n`);
    return true;
  } catch {
    return false;
  }
}

main().catch((error: unknown) => {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
