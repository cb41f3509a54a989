import { existsSync } from "node:fs";
import { link, open, readFile, rm } from "node:fs/promises";
import type { SecretsSource } from "./config.ts";
import { SERVE_OPTIONS, wrongOption } from "./options.ts";
import type { Random } from "./services/clock.ts";

const LENGTH_MIN = 32;

/**
 * The secrets that sign login JWTs: the first signs, all verify. Made at the first start where the
 * source allows it.
 *
 * @throws ConfigurationError where the file cannot be made or read, or a secret is too short.
 */
export async function loadSecrets(source: SecretsSource, random: Random): Promise<string[]> {
  if (source.mayCreate && !existsSync(source.file)) {
    await createOnce(source.file, random).catch(refuse("cannot be made"));
  }
  const text = await readFile(source.file, "utf8").catch(refuse("cannot be read"));
  const secrets = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (secrets.length === 0 || secrets.some((secret) => secret.length < LENGTH_MIN)) {
    const fault = `${source.file} must hold secrets of at least ${LENGTH_MIN} characters, one per line`;
    throw wrongOption(SERVE_OPTIONS.secretsFile, fault);
  }
  return secrets;
}

function refuse(fault: string): (cause: unknown) => never {
  return (cause) => {
    const reason = cause instanceof Error ? cause.message : "";
    throw wrongOption(SERVE_OPTIONS.secretsFile, `${fault}: ${reason}`);
  };
}

/** Written beside and linked into place: of two processes that start at once, one wins, whole. */
async function createOnce(file: string, random: Random): Promise<void> {
  const draft = `${file}.${random.uuid()}`;
  const handle = await open(draft, "wx", 0o600);
  try {
    await handle.writeFile(`${Buffer.from(random.bytes(32)).toString("base64url")}\n`);
    await handle.sync();
    await link(draft, file).catch((error: unknown) => {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    });
  } finally {
    await handle.close();
    await rm(draft);
  }
}
