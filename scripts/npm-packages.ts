/**
 * The npm packages of the binaries: `@conch/conch` and `@conch/conchd` hold a small launcher and
 * name one package a platform as optional dependencies, of which npm installs the one whose `os`,
 * `cpu` and `libc` fit. Nothing runs at install.
 */
import { chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import manifest from "../package.json" with { type: "json" };
import { ROOT, type Program } from "./binaries.ts";
import { PLATFORMS, type Platform } from "./platforms.ts";

const LAUNCHER = join(ROOT, "packaging", "npm", "launcher.cjs");
const DESCRIPTIONS: Readonly<Record<Program, string>> = {
  conch: "Make, use and revoke Conch API tokens",
  conchd: "The Conch server: issues, checks and revokes API tokens",
};

function packageName(program: Program, platform: Platform): string {
  return `@conch/${program}-${platform.os}-${platform.cpu}`;
}

async function writePackage(folder: string, content: object): Promise<void> {
  const common = { version: manifest.version, engines: { node: ">=20" } };
  await writeFile(
    join(folder, "package.json"),
    `${JSON.stringify({ ...content, ...common }, null, 2)}\n`,
  );
}

/**
 * Lays out the packages, ready for `npm pack` or `npm publish`.
 *
 * @param binaryOf where the binary of a program for a platform lies.
 * @param platforms which platforms' packages to write; the launcher names all.
 * @returns the packages' folders.
 */
export async function writeNpmPackages(
  folder: string,
  binaryOf: (program: Program, platform: Platform) => string,
  platforms: readonly Platform[] = PLATFORMS,
): Promise<string[]> {
  const folders: string[] = [];
  for (const program of ["conch", "conchd"] as const) {
    const main = join(folder, program);
    await mkdir(join(main, "bin"), { recursive: true });
    const launcher = (await readFile(LAUNCHER, "utf8")).replace('"PROGRAM"', `"${program}"`);
    await writeFile(join(main, "bin", `${program}.cjs`), launcher, { mode: 0o755 });
    await writePackage(main, {
      name: `@conch/${program}`,
      description: DESCRIPTIONS[program],
      bin: { [program]: `bin/${program}.cjs` },
      optionalDependencies: Object.fromEntries(
        PLATFORMS.map((platform) => [packageName(program, platform), manifest.version]),
      ),
    });
    folders.push(main);
    for (const platform of platforms) {
      folders.push(await writePlatformPackage(folder, program, platform, binaryOf));
    }
  }
  return folders;
}

async function writePlatformPackage(
  folder: string,
  program: Program,
  platform: Platform,
  binaryOf: (program: Program, platform: Platform) => string,
): Promise<string> {
  const target = join(folder, `${program}-${platform.os}-${platform.cpu}`);
  await mkdir(join(target, "bin"), { recursive: true });
  const binary = join(target, "bin", platform.os === "win32" ? `${program}.exe` : program);
  await copyFile(binaryOf(program, platform), binary);
  await chmod(binary, 0o755);
  await writePackage(target, {
    name: packageName(program, platform),
    description: `${DESCRIPTIONS[program]} (binary for ${platform.name})`,
    os: [platform.os],
    cpu: [platform.cpu],
    ...(platform.os === "linux" ? { libc: ["glibc"] } : {}),
    preferUnplugged: true,
  });
  return target;
}
