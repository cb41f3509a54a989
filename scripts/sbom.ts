/** The software bill of materials, in CycloneDX JSON: what is inside the binaries. */
import manifest from "../package.json" with { type: "json" };
import { buildBundle, NO_FLAGS } from "./binaries.ts";
import { lockedPackage } from "./locked-packages.ts";

/** `node_modules/@scope/name` or `node_modules/name`, nested ones included. */
const PACKAGE = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;

/**
 * Makes the bill from the files that the bundler put into the binaries, so it names what is in them
 * and nothing else, and the Bun runtime, which every binary carries. The same commit has the same
 * bill: it holds no time and no random number.
 */
export async function makeSbom(): Promise<string> {
  const bundles = await Promise.all([
    buildBundle("conch", NO_FLAGS),
    buildBundle("conchd", NO_FLAGS),
  ]);
  const folders = bundles
    .flatMap(({ inputs }) => inputs.map((path) => PACKAGE.exec(path)?.[1]))
    .filter((folder) => folder !== undefined);
  const components = [...new Set([...folders, "node_modules/bun"])]
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map(describePackage);
  const product = { type: "application", name: "conch", version: manifest.version };
  const sbom = {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: { component: { ...product, "bom-ref": "conch" } },
    components,
    dependencies: [{ ref: "conch", dependsOn: components.map((part) => part["bom-ref"]) }],
  };
  return `${JSON.stringify(sbom, null, 2)}\n`;
}

function describePackage(folder: string) {
  const name = folder.slice(folder.lastIndexOf("node_modules/") + "node_modules/".length);
  const { version, integrity, license } = lockedPackage(folder);
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  const content = Buffer.from(integrity.replace("sha512-", ""), "base64").toString("hex");
  return {
    "bom-ref": purl,
    type: name === "bun" ? "platform" : "library",
    name,
    version,
    purl,
    licenses: [{ license: { id: license } }],
    hashes: [{ alg: "SHA-512", content }],
  };
}
