/** The platforms that releases are made for, and the Bun runtime of each, from npm. */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "./binaries.ts";
import { lockedPackage } from "./locked-packages.ts";

/** A platform by the names that Node gives it. */
export interface Platform {
  /** `os-cpu` as in the names of release files. */
  readonly name: string;
  readonly os: "linux" | "darwin" | "win32";
  readonly cpu: "x64" | "arm64";
  readonly target: Bun.Build.CompileTarget;
  /** The npm package that holds its Bun runtime. */
  readonly runtime: string;
}

/** All platforms of a release. */
export const PLATFORMS: readonly Platform[] = [
  {
    name: "linux-x64",
    os: "linux",
    cpu: "x64",
    target: "bun-linux-x64",
    runtime: "@oven/bun-linux-x64",
  },
  {
    name: "linux-arm64",
    os: "linux",
    cpu: "arm64",
    target: "bun-linux-arm64",
    runtime: "@oven/bun-linux-aarch64",
  },
  {
    name: "darwin-x64",
    os: "darwin",
    cpu: "x64",
    target: "bun-darwin-x64",
    runtime: "@oven/bun-darwin-x64",
  },
  {
    name: "darwin-arm64",
    os: "darwin",
    cpu: "arm64",
    target: "bun-darwin-arm64",
    runtime: "@oven/bun-darwin-aarch64",
  },
  {
    name: "windows-x64",
    os: "win32",
    cpu: "x64",
    target: "bun-windows-x64",
    runtime: "@oven/bun-windows-x64",
  },
];

const CACHE = join(ROOT, "node_modules", ".cache", "bun-runtimes");

/**
 * The Bun runtime of a platform, at the version and with the digest that package-lock.json pins;
 * fetched with npm the first time.
 *
 * @returns the absolute path of the runtime's executable.
 * @throws Error where npm cannot bring it, or its digest is another.
 */
export async function fetchRuntime(platform: Platform): Promise<string> {
  const { version, integrity } = lockedPackage(`node_modules/${platform.runtime}`);
  const folder = join(CACHE, `${platform.name}-${version}`);
  const executable = join(folder, "package", "bin", platform.os === "win32" ? "bun.exe" : "bun");
  if (await exists(executable)) return executable;
  await mkdir(CACHE, { recursive: true });
  const work = await mkdtemp(join(CACHE, "fetch-"));
  try {
    const specifier = `${platform.runtime}@${version}`;
    const packed = JSON.parse(await run(["npm", "pack", "--silent", "--json", specifier], work)) as
      | { filename: string }[]
      | Record<string, { filename: string }>;
    const archive = join(work, Object.values(packed)[0]?.filename ?? "");
    const digest = createHash("sha512")
      .update(await readFile(archive))
      .digest("base64");
    if (`sha512-${digest}` !== integrity) {
      throw new Error(`${specifier} is not what package-lock.json pins`);
    }
    await run(["tar", "-xzf", archive, "-C", work], work);
    await rename(join(work, "package"), join(await emptyFolder(folder), "package"));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return executable;
}

async function emptyFolder(path: string): Promise<string> {
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { recursive: true });
  return path;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Runs a command and returns its stdout. @throws Error with its stderr. */
export async function run(command: readonly string[], cwd: string): Promise<string> {
  const child = Bun.spawn([...command], { cwd, stdout: "pipe", stderr: "pipe" });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${command.join(" ")}: exit code ${code}\n${err}`);
  return out;
}
