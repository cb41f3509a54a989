// npm run build: dist/conch, dist/conchd, and the libraries in packages/*/dist.
import { mkdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { BuildFlagError, readBuildFlags } from "./build-flags.ts";
import { buildBinary, NO_FLAGS, ROOT } from "./binaries.ts";
import { buildLibraries } from "./libraries.ts";

async function build(): Promise<void> {
  const flags = readBuildFlags(process.env);
  for (const warning of flags.warnings) console.error(`build: warning: ${warning}`);
  const suffix = process.platform === "win32" ? ".exe" : "";
  const dist = join(ROOT, "dist");
  await mkdir(dist, { recursive: true });
  for (const program of ["conch", "conchd"] as const) {
    const outfile = join(dist, `${program}${suffix}`);
    await buildBinary(program, outfile, program === "conch" ? flags : NO_FLAGS);
    const megabytes = ((await stat(outfile)).size / 1e6).toFixed(0);
    console.log(`${relative(ROOT, outfile)}  ${megabytes} MB`);
  }
  await buildLibraries();
  console.log("packages/{contract,client,verify}/dist");
}

try {
  await build();
} catch (error) {
  if (!(error instanceof BuildFlagError)) throw error;
  console.error(`build: ${error.message}`);
  process.exit(1);
}
