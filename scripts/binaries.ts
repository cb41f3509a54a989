/** How the binaries are built: one set of options for development, tests and release. */
import { join, relative, resolve } from "node:path";
import manifest from "../package.json" with { type: "json" };
import { readBuildFlags, type BuildFlags } from "./build-flags.ts";

/** The repository's root. */
export const ROOT = join(import.meta.dir, "..");

/** The two programs, by the name of their binary. */
export type Program = "conch" | "conchd";

/** What goes into a program: its entry point, and the workers that it starts. */
interface Sources {
  readonly main: string;
  readonly workers: readonly string[];
  /**
   * Where the workers lie. Inside a binary all code is one file at the top, so `new URL("./x.ts",
   * import.meta.url)` finds a worker only if it lies at the top, too.
   */
  readonly root: string;
  /**
   * What is loaded on demand is a file of its own inside the binary: only that is read then. Not
   * together with workers, which are found at the top alone.
   */
  readonly isSplit: boolean;
}

const SOURCES: Readonly<Record<Program, Sources>> = {
  conch: { main: "packages/cli/src/main.ts", workers: [], root: "packages/cli/src", isSplit: true },
  conchd: {
    main: "packages/server/src/main.ts",
    workers: [
      "packages/server/src/services/password-hash-worker.ts",
      "packages/server/src/services/password-strength-worker.ts",
    ],
    root: "packages/server/src/services",
    isSplit: false,
  },
};

/** Flags of a build that sets none; what tests and the tour use. */
export const NO_FLAGS: BuildFlags = readBuildFlags({});

function bundleOptions(program: Program, flags: BuildFlags) {
  const { main, workers, root, isSplit } = SOURCES[program];
  return {
    entrypoints: [main, ...workers].map((path) => join(ROOT, path)),
    root: join(ROOT, root),
    target: "bun",
    format: "esm",
    splitting: isSplit,
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

/** The same code as text, and the files it is made of. */
export interface Bundle {
  readonly text: string;
  /** Relative to the repository's root. */
  readonly inputs: readonly string[];
  /**
   * What each of them loads at once, modules of the platform by their names (`node:fs`); what it loads
   * on demand is not in here.
   */
  readonly imports: ReadonlyMap<string, readonly string[]>;
}

/** Builds what a binary holds without making one. */
export async function buildBundle(program: Program, flags: BuildFlags): Promise<Bundle> {
  const { outputs, metafile } = await Bun.build({
    ...bundleOptions(program, flags),
    metafile: true,
  });
  const texts = await Promise.all(outputs.map((output) => output.text()));
  const fromRoot = (path: string) => relative(ROOT, resolve(path));
  const imports = new Map(
    Object.entries(metafile?.inputs ?? {}).map(([path, input]) => [
      fromRoot(path),
      input.imports
        .filter(({ kind }) => kind === "import-statement")
        .map(({ path, external }) => (external === true ? path : fromRoot(path))),
    ]),
  );
  return { text: texts.join("\n"), inputs: [...imports.keys()], imports };
}
