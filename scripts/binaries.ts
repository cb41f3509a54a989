/** How the binaries are built: one set of options for development, tests and release. */
import { join } from "node:path";
import manifest from "../package.json" with { type: "json" };
import { readBuildFlags, type BuildFlags } from "./build-flags.ts";

/** The repository's root. */
export const ROOT = join(import.meta.dir, "..");

/** The two programs, by the name of their binary. */
export type Program = "conch" | "conchd";

const ENTRY_POINTS: Readonly<Record<Program, readonly string[]>> = {
  conch: ["packages/cli/src/main.ts"],
  conchd: ["packages/server/src/main.ts"],
};

/** Flags of a build that sets none; what tests and the tour use. */
export const NO_FLAGS: BuildFlags = readBuildFlags({});

function bundleOptions(program: Program, flags: BuildFlags) {
  return {
    entrypoints: ENTRY_POINTS[program].map((path) => join(ROOT, path)),
    root: ROOT,
    target: "bun",
    format: "esm",
    minify: true,
    features: [...flags.features],
    define: { ...flags.define, CONCH_BUILD_VERSION: JSON.stringify(manifest.version) },
  } satisfies Bun.BuildConfig;
}

/** A platform to build for, and where the Bun runtime of that platform lies. */
export interface CompileTarget {
  readonly target: Bun.Build.CompileTarget;
  readonly executablePath: string;
}

/**
 * Builds a single-file binary.
 *
 * @param outfile absolute path of the binary.
 * @param platform another platform than this machine's.
 * @throws AggregateError with the bundler's messages.
 */
export async function buildBinary(
  program: Program,
  outfile: string,
  flags: BuildFlags,
  platform?: CompileTarget,
): Promise<void> {
  await Bun.build({
    ...bundleOptions(program, flags),
    bytecode: true,
    compile: {
      ...platform,
      outfile,
      // A binary that read these from the current directory would take its settings, CONCH_URL
      // among them, from whatever repository its user stands in.
      autoloadDotenv: false,
      autoloadBunfig: false,
      autoloadTsconfig: false,
      autoloadPackageJson: false,
    },
  });
}

/** Builds the same code as text: what a test searches for things that must be gone. */
export async function buildBundle(program: Program, flags: BuildFlags): Promise<string> {
  const { outputs } = await Bun.build(bundleOptions(program, flags));
  return (await Promise.all(outputs.map((output) => output.text()))).join("\n");
}
