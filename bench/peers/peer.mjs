// What every peer says to the benchmark that started it: one line of JSON on standard output, with
// its port, the request to make and the file that its tokens are in.
import { writeFile } from "node:fs/promises";

const BEARER_REQUEST = {
  method: "GET",
  path: "/verify",
  headers: { authorization: "Bearer {token}" },
};

/** How many tokens the benchmark wants to use; argument 2, else what the peer can hold. */
export function tokenCount(most) {
  return Math.min(most, Number(process.argv[3] ?? most));
}

/** Writes the tokens to the file named by argument 1 and announces the server. */
export async function announce(port, tokens, request = BEARER_REQUEST) {
  const file = process.argv[2];
  if (file !== undefined) await writeFile(file, `${tokens.join("\n")}\n`, { mode: 0o600 });
  console.log(JSON.stringify({ port, request }));
}
