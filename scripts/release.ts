// npm run release: dist/release/ with the binaries for all platforms, their SHA-256 sums, an SBOM,
// and the npm packages that install the right binary without an install script.
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import manifest from "../package.json" with { type: "json" };
import { buildBinary, NO_FLAGS, ROOT, type Program } from "./binaries.ts";
import { BuildFlagError, readBuildFlags } from "./build-flags.ts";
import { writeNpmPackages } from "./npm-packages.ts";
import { fetchRuntime, PLATFORMS } from "./platforms.ts";
import { makeSbom } from "./sbom.ts";

const RELEASE = join(ROOT, "dist", "release");
const PROGRAMS: readonly Program[] = ["conch", "conchd"];

async function release(): Promise<void> {
  const flags = readBuildFlags(process.env);
  for (const warning of flags.warnings) console.error(`release: warning: ${warning}`);
  await rm(RELEASE, { recursive: true, force: true });
  await mkdir(RELEASE, { recursive: true });
  const files: string[] = [];
  for (const platform of PLATFORMS) {
    const executablePath = await fetchRuntime(platform);
    for (const program of PROGRAMS) {
      const suffix = platform.os === "win32" ? ".exe" : "";
      const file = join(RELEASE, `${program}-${manifest.version}-${platform.name}${suffix}`);
      await buildBinary(program, file, program === "conch" ? flags : NO_FLAGS, {
        target: platform.target,
        executablePath,
      });
      files.push(file);
      console.log(relative(ROOT, file));
    }
    if (platform.name === "darwin-x64" && process.platform !== "darwin") {
      console.error(
        "release: darwin-x64 must be signed again on a Mac: codesign --force --sign - FILE",
      );
    }
  }
  const sbom = join(RELEASE, `conch-${manifest.version}.cdx.json`);
  await writeFile(sbom, await makeSbom());
  files.push(sbom);
  await writeSums(files);
  const packages = await writeNpmPackages(join(RELEASE, "npm"), (program, platform) =>
    join(
      RELEASE,
      `${program}-${manifest.version}-${platform.name}${platform.os === "win32" ? ".exe" : ""}`,
    ),
  );
  console.log(
    [sbom, join(RELEASE, "SHA256SUMS"), ...packages].map((path) => relative(ROOT, path)).join("\n"),
  );
}

/** Writes `SHA256SUMS` in the form that `sha256sum --check` reads. */
async function writeSums(files: readonly string[]): Promise<void> {
  const lines = await Promise.all(
    files.map(async (file) => {
      const digest = createHash("sha256")
        .update(await readFile(file))
        .digest("hex");
      return `${digest}  ${basename(file)}\n`;
    }),
  );
  await writeFile(join(RELEASE, "SHA256SUMS"), lines.join(""));
}

try {
  await release();
} catch (error) {
  if (!(error instanceof BuildFlagError)) throw error;
  console.error(`release: ${error.message}`);
  process.exit(1);
}
