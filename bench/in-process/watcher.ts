/**
 * A service that verifies without pause: the one token that it watches, to see from when on it is
 * refused, and others as a load. Arguments: a URL, its own token, a file of tokens.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createVerifierContext } from "../../packages/verify/src/context.ts";
import { createVerifierIn } from "../../packages/verify/src/verifier.ts";

/** What it is asked, in lines of JSON. */
export type WatcherQuestion =
  /** Looks all of the tokens up, once. */
  | { readonly kind: "warm" }
  /** How many it verifies in a second under the load that it has. */
  | { readonly kind: "calibrate" }
  /** So many of them a second from now on; `Infinity` comes as null. */
  | { readonly kind: "load"; readonly perSecond: number | null }
  /** Watches a token; answered once it was accepted. */
  | { readonly kind: "watch"; readonly token: string }
  /** Answered once it was refused. */
  | { readonly kind: "last" };

export interface WatcherAnswer {
  readonly perSecond?: number;
  /** The clock after the last acceptance; milliseconds since the epoch, as a fraction. */
  readonly acceptedAtMs?: number;
  /** When the first verification began that refused. */
  readonly refusedAtMs?: number;
}

/** Between two batches of the load. Each wake-up costs about as much as a hundred verifications. */
const TICK_MS = 5;
/** What is verified in a row without any pace. */
const BATCH = 200;
/** What is watched is asked for this often within a batch: every 0.1 to 0.2 ms. */
const LOOK_EVERY = 100;
const CALIBRATION_MS = 1_500;

const [url = "", ownToken = "", tokensFile = ""] = process.argv.slice(2);
const verifier = createVerifierIn(
  {
    ...createVerifierContext(),
    async fetch(target, init) {
      const response = await fetch(target, init);
      if (response.body === null) return response;
      // A stream through another would take as long as much of what is measured.
      return Object.defineProperty(response, "body", { value: lookAround(response.body) });
    },
  },
  { url, token: ownToken },
);
const tokens = readFileSync(tokensFile, "utf8").trimEnd().split("\n");

const now = (): number => performance.timeOrigin + performance.now();
let next = 0;
let perSecond = 0;
let done = 0;
let watched: string | null = null;
let isLooking = false;
let onAccepted: (() => void) | null = null;
let acceptedAtMs = -Infinity;
let refused = Promise.withResolvers<number>();

/**
 * Asks just before each part of an answer is seen by the verifier, which is the last moment at which
 * what it says is not applied, and just after, so that the end is seen as it comes.
 */
async function* lookAround(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const part of body) {
    // Not one that waits: it might wait for this answer.
    if (watched !== null && verifier.verifyCached(watched)?.status === "ok") acceptedAtMs = now();
    setImmediate(() => void look());
    yield part;
  }
}

async function verifyNext(): Promise<void> {
  next = next + 1 === tokens.length ? 0 : next + 1;
  await verifier.verify(tokens[next]!);
  done += 1;
}

/** Verifies what is watched, one at a time. */
async function look(): Promise<void> {
  if (watched === null || isLooking) return;
  isLooking = true;
  const askedAtMs = now();
  const { status } = await verifier.verify(watched);
  isLooking = false;
  if (status === "ok") {
    acceptedAtMs = now();
    onAccepted?.();
    onAccepted = null;
  } else if (status === "invalid" && onAccepted === null) {
    watched = null;
    refused.resolve(askedAtMs);
  }
}

const elapsed = (fromMs: number, toMs: number): number => ((toMs - fromMs) / 1_000) * perSecond;

async function run(): Promise<never> {
  let owed = 0;
  let lastMs = now();
  for (;;) {
    const nowMs = now();
    owed =
      perSecond === Infinity
        ? BATCH
        : Math.min(owed + elapsed(lastMs, nowMs), elapsed(0, 4 * TICK_MS));
    lastMs = nowMs;
    void look();
    for (; owed >= 1; owed -= 1) {
      if (done % LOOK_EVERY === 0) void look();
      await verifyNext();
    }
    await (perSecond === Infinity ? new Promise(setImmediate) : Bun.sleep(TICK_MS));
  }
}

async function calibrate(): Promise<number> {
  const [startedAtMs, before] = [now(), done];
  await Bun.sleep(CALIBRATION_MS);
  return ((done - before) / (now() - startedAtMs)) * 1_000;
}

const answers: {
  readonly [K in WatcherQuestion["kind"]]: (
    question: Extract<WatcherQuestion, { kind: K }>,
  ) => Promise<WatcherAnswer>;
} = {
  async warm() {
    for (const token of tokens) await verifier.verify(token);
    return {};
  },
  calibrate: async () => ({ perSecond: await calibrate() }),
  async load(question) {
    perSecond = question.perSecond ?? Infinity;
    return {};
  },
  async watch({ token }) {
    refused = Promise.withResolvers();
    acceptedAtMs = -Infinity;
    await new Promise<void>((resolve) => {
      onAccepted = resolve;
      watched = token;
    });
    return {};
  },
  async last() {
    const refusedAtMs = await refused.promise;
    return { acceptedAtMs, refusedAtMs };
  },
};

void run();
console.log(JSON.stringify({ ready: true }));
for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line) as WatcherQuestion;
  console.log(JSON.stringify(await answers[question.kind](question as never)));
}
process.exit(0);
