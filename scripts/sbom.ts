/** The software bill of materials: what is inside the binaries. */
import lock from "../package-lock.json" with { type: "json" };
import { ROOT } from "./binaries.ts";
import { run } from "./platforms.ts";

interface CycloneDx {
  serialNumber?: string;
  metadata: { timestamp?: string; component: { name: string } };
  components: Record<string, unknown>[];
}

/**
 * The bill in CycloneDX JSON: npm's, and the Bun runtime that every binary carries. The same commit
 * has the same bill, so it holds neither a time nor a random number.
 */
export async function makeSbom(): Promise<string> {
  const text = await run(["npm", "sbom", "--omit=dev", "--sbom-format=cyclonedx"], ROOT);
  const sbom = JSON.parse(text) as CycloneDx;
  delete sbom.serialNumber;
  delete sbom.metadata.timestamp;
  // npm puts the name of the folder that it ran in.
  sbom.metadata.component.name = "conch";
  const { version, license } = lock.packages["node_modules/bun"];
  sbom.components.push({
    type: "platform",
    "bom-ref": `bun@${version}`,
    name: "bun",
    version,
    purl: `pkg:npm/bun@${version}`,
    licenses: [{ license: { id: license } }],
  });
  return `${JSON.stringify(sbom, null, 2)}\n`;
}
