import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { buildBinary, NO_FLAGS } from "../binaries.ts";
import { writeNpmPackages } from "../npm-packages.ts";
import { fetchRuntime, PLATFORMS, run } from "../platforms.ts";
import { makeSbom } from "../sbom.ts";

// Runtimes of other platforms are fetched, binaries of 100 MB packed.
setDefaultTimeout(300_000);

const FOLDER = mkdtempSync(join(tmpdir(), "conch-release-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));

const QEMU = Bun.which("qemu-aarch64-static") ?? Bun.which("qemu-aarch64");
/** Where Debian puts the libraries of another architecture. */
const ARM64_ROOT = "/usr/aarch64-linux-gnu";

test("the linux-arm64 binary is built from another platform, and runs under qemu", async () => {
  const platform = PLATFORMS.find(({ name }) => name === "linux-arm64");
  if (platform === undefined) throw new Error("there is no linux-arm64");
  const binary = join(FOLDER, "conch-linux-arm64");
  const executablePath = await fetchRuntime(platform);
  await buildBinary("conch", binary, NO_FLAGS, { target: platform.target, executablePath });
  // ELF, 64 bit, little-endian, for AArch64 (0xb7).
  const header = readFileSync(binary).subarray(0, 20).toString("hex");
  expect(header).toMatch(/^7f454c460201.{20}..00b700$/);
  if (QEMU === null || !existsSync(ARM64_ROOT)) {
    console.warn("linux-arm64 was not run: there is no qemu, or no libraries for it");
    return;
  }
  const output = await run([QEMU, "-L", ARM64_ROOT, binary, "--version"], FOLDER);
  expect(output).toBe(`conch ${manifest.version}\n`);
});

/** Has a launcher stopped as early as can be: it has started the binary, and not come any further. */
const STOPPED_AT_ONCE = `
const processes = require("node:child_process");
const { spawn } = processes;
processes.spawn = (...args) => {
  const child = spawn(...args);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  process.kill(process.pid, "SIGTERM");
  return child;
};
`;

/** Stands in for the binaries: packing and unpacking 100 MB would show nothing more. */
const STAND_IN = `#!/bin/sh
case $1 in
  wait) trap 'echo ended; exit 7' TERM; echo ready; while kill -0 $PPID; do sleep 0.05; done ;;
  *) cat; echo "$0" "$@" >&2; exit 5 ;;
esac
`;

test("npm installs the binary for this platform, without an install script", async () => {
  const binary = join(FOLDER, "stand-in");
  writeFileSync(binary, STAND_IN);
  const here = PLATFORMS.filter(({ os, cpu }) => os === process.platform && cpu === process.arch);
  const tarballs: string[] = [];
  for (const folder of await writeNpmPackages(join(FOLDER, "npm"), () => binary, here)) {
    const packageJson = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as object;
    expect(packageJson).not.toHaveProperty("scripts");
    const packed = await run(["npm", "pack", "--silent"], folder);
    tarballs.push(join(folder, packed.trim().split("\n").at(-1) ?? ""));
  }
  const project = join(FOLDER, "project");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{"name":"project","private":true}');
  // Offline: the other platforms' packages cannot be had, and must not be needed.
  await run(["npm", "install", "--offline", "--no-audit", "--no-fund", ...tarballs], project);

  const conch = join(project, "node_modules", ".bin", "conch");
  const child = Bun.spawnSync([conch, "a b", "--json"], { stdin: Buffer.from("input") });
  expect(child.exitCode).toBe(5);
  expect(child.stdout.toString()).toBe("input");
  expect(child.stderr.toString()).toContain(
    `conch-${process.platform}-${process.arch}/bin/conch a b`,
  );

  const conchd = Bun.spawn([join(project, "node_modules", ".bin", "conchd"), "wait"], {
    stdout: "pipe",
  });
  const reader = conchd.stdout.pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader.read()).value).toBe("ready\n");
  conchd.kill("SIGTERM");
  expect((await reader.read()).value).toBe("ended\n");
  expect(await conchd.exited).toBe(7);

  const hook = join(FOLDER, "stopped-at-once.cjs");
  writeFileSync(hook, STOPPED_AT_ONCE);
  const launcher = join(project, "node_modules", ".bin", "conchd");
  const early = Bun.spawn(["node", "--require", hook, launcher, "wait"], { stdout: "pipe" });
  expect(await new Response(early.stdout).text()).toBe("ready\nended\n");
  expect(await early.exited).toBe(7);
});

test("the launcher says what is wrong where no binary was installed", async () => {
  const alone = join(FOLDER, "alone");
  mkdirSync(alone);
  await writeNpmPackages(alone, () => "", []);
  const child = Bun.spawnSync(["node", join(alone, "conch", "bin", "conch.cjs")]);
  expect(child.exitCode).toBe(1);
  expect(child.stderr.toString()).toContain("there is no binary for");
});

test("the bill of materials names what is in the binaries, and is the same each time", async () => {
  const [text, again] = await Promise.all([makeSbom(), makeSbom()]);
  expect(again).toBe(text);
  const names = (JSON.parse(text) as { components: { name: string }[] }).components.map(
    ({ name }) => name,
  );
  expect(names).toEqual(expect.arrayContaining(["bun", "commander", "kysely", "pg", "zod"]));
  expect(names).not.toContain("typescript");
});
