// Prints how many bytes a verifier keeps of each look-up that is over. For Node with --expose-gc.
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { createToken } from "@conch/contract";
import { createVerifierContext } from "@conch/verify/context";
import { createVerifierIn } from "@conch/verify/verifier";

const WARM_UP = 20_000;
const LOOK_UPS = 20_000;
const AT_ONCE = 50;
const head = { epoch: "e", seq: 1, uid: "u" };

function answerTo(url, { poll, cursor, hold, leave }) {
  if (url.endsWith("/lookup")) return { position: head, token: null, keep_ms: 0 };
  if (leave) return null;
  const reply = { poll, from: cursor, head, reset: cursor === null, rows: [], left_ms: 4000 };
  return delay(hold ? 500 : 0, { ...reply, bound_ms: 5000, node_url: null });
}

async function fetch(url, { body }) {
  const answer = await answerTo(url, JSON.parse(body));
  return new Response(answer === null ? "" : JSON.stringify(answer));
}

const unknownToken = () => createToken((count) => randomBytes(count));

const verifier = createVerifierIn(
  { ...createVerifierContext(), fetch },
  { url: "http://conch.example", token: unknownToken(), entriesMax: 10 },
);

async function lookUp(count) {
  for (let done = 0; done < count;) {
    const asked = Array.from({ length: AT_ONCE }, () => verifier.verify(unknownToken()));
    const answers = await Promise.all(asked);
    done += answers.filter(({ status }) => status === "invalid").length;
  }
}

async function heapBytes() {
  // What waits for a timer is no leak.
  await delay(1100);
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc();
    await delay(10);
  }
  return process.memoryUsage().heapUsed;
}

await lookUp(WARM_UP);
const before = await heapBytes();
await lookUp(LOOK_UPS);
console.log(Math.round(((await heapBytes()) - before) / LOOK_UPS));
await verifier.close();
