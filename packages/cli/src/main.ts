import { versionText } from "./build.ts";

async function main(): Promise<void> {
  // Scripts ask this before anything else: answered before anything is loaded.
  if (process.argv.length === 3 && process.argv[2] === "--version") {
    console.log(versionText());
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

void main();
