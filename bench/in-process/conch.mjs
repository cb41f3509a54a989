// @conch/verify in a service: a URL, its own token, a file of tokens to verify.
import { readFileSync } from "node:fs";
import { createVerifier } from "@conch/verify";
import { serveRounds } from "./loop.mjs";

const [url, token, tokensFile] = process.argv.slice(2);
const verifier = createVerifier({ url, token });
const tokens = readFileSync(tokensFile, "utf8").trimEnd().split("\n");

async function warmUp(from, step) {
  for (let index = from; index < tokens.length;) {
    const { status } = await verifier.verify(tokens[index]);
    // The lease begins in the background.
    if (status === "unavailable") await new Promise((resolve) => setTimeout(resolve, 50));
    else index += step;
  }
}

const CLIENTS = 64;
await Promise.all(Array.from({ length: CLIENTS }, (_, index) => warmUp(index, CLIENTS)));
await serveRounds(
  tokens,
  (bearer) => verifier.verify(bearer),
  ({ status }) => status === "ok",
);
await verifier.close();
