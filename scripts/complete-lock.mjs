// npm leaves an optional package for another platform out of package-lock.json where the registry
// at hand does not offer it, and `npm ci` then refuses the lock everywhere. This adds the entries
// that npm would have written. It also takes out the `bin` of the packages that hold a Node for the
// tests: linked into node_modules/.bin it would stand before the machine's own in every npm script.
// Run it after `npm install`; with `--check` it only looks.
import { readFileSync, writeFileSync } from "node:fs";

const LOCK = new URL("../package-lock.json", import.meta.url);
const OPERATING_SYSTEMS = ["android", "darwin", "freebsd", "linux", "openharmony", "win32", "aix"];
const PROCESSORS = ["arm64", "arm", "ia32", "ppc64", "riscv64", "s390x", "x64", "loong64"];

/** Reads the platform from a name such as `@scope/binding-linux-x64-musl`. */
function platformOf(name) {
  const words = name.split(/[/-]/);
  const os = OPERATING_SYSTEMS.find((word) => words.includes(word));
  const cpu = PROCESSORS.find((word) => words.includes(word));
  if (os === undefined || cpu === undefined) {
    throw new Error(`package-lock.json lacks ${name}, and its platform is not plain from its name`);
  }
  if (os !== "linux") return { cpu: [cpu], os: [os] };
  const libc = words.some((word) => word.startsWith("musl")) ? "musl" : "glibc";
  return { cpu: [cpu], libc: [libc], os: [os] };
}

const lock = JSON.parse(readFileSync(LOCK, "utf8"));
const missing = Object.values(lock.packages).flatMap((entry) =>
  Object.entries(entry.optionalDependencies ?? {})
    .filter(([name]) => lock.packages[`node_modules/${name}`] === undefined)
    .map(([name, version]) => [
      `node_modules/${name}`,
      {
        version,
        ...platformOf(name),
        ...(entry.dev === true ? { dev: true } : {}),
        optional: true,
      },
    ]),
);

const shadowing = Object.values(lock.packages).filter((entry) => entry.bin?.node !== undefined);

if (missing.length + shadowing.length > 0 && process.argv.includes("--check")) {
  console.error(
    `package-lock.json lacks ${missing.length} packages for other platforms and links ${shadowing.length} foreign node; run: node scripts/complete-lock.mjs`,
  );
  process.exit(1);
}
if (missing.length + shadowing.length > 0) {
  for (const entry of shadowing) delete entry.bin;
  const entries = Object.entries({ ...lock.packages, ...Object.fromEntries(missing) });
  lock.packages = Object.fromEntries(entries.sort(([a], [b]) => a.localeCompare(b, "en")));
  writeFileSync(LOCK, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(
    `added ${missing.length} packages for other platforms to package-lock.json, unlinked ${shadowing.length} node`,
  );
}
