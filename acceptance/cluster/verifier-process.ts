/**
 * A service under constant load: verifies every token again and again and records what it saw.
 * Environment: URLS (comma-separated), TOKEN, TOKENS (a JSON file), RECORD.
 */
import { readFileSync } from "node:fs";
import { createVerifier } from "@conch/verify";
import { createRecorder } from "./record.ts";

const PAUSE_MS = 40;

const { URLS = "", TOKEN = "", TOKENS = "", RECORD = "" } = process.env;
const tokens = JSON.parse(readFileSync(TOKENS, "utf8")) as string[];
const recorder = createRecorder(RECORD, tokens.length);
const verifier = createVerifier({ url: URLS.split(","), token: TOKEN });

/** Tokens that are being looked up: the others do not wait for them. */
const underway = new Set<number>();

async function look(index: number): Promise<void> {
  underway.add(index);
  const atMs = Date.now();
  const { status } = await verifier.verify(tokens[index], "read");
  if (status === "ok") recorder.record(index, "accepted", atMs);
  else if (status === "unavailable") recorder.record(index, "unavailable", atMs);
  else recorder.record(index, "refused", atMs);
  underway.delete(index);
}

process.once("SIGTERM", () => {
  void verifier.close().then(() => process.exit(0));
});

for (;;) {
  for (const index of tokens.keys()) if (!underway.has(index)) void look(index);
  await Bun.sleep(PAUSE_MS);
}
