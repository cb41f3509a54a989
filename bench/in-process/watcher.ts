/**
 * A service that verifies without pause: the one token that it watches, to see when it is accepted for
 * the last time, and others as a load. Arguments: a URL, its own token, a file of tokens.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createVerifier } from "@conch/verify";

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
  /** Milliseconds since the epoch, as a fraction. */
  readonly acceptedAtMs?: number;
}

/** Between two batches of the load. Each wake-up costs about as much as a hundred verifications. */
const TICK_MS = 5;
/** The same while a token is watched: how exactly the last acceptance is seen. */
const WATCHING_TICK_MS = 1;
/** What is verified in a row without any pace. */
const BATCH = 200;
const CALIBRATION_MS = 1_500;

const [url = "", ownToken = "", tokensFile = ""] = process.argv.slice(2);
const verifier = createVerifier({ url, token: ownToken });
const tokens = readFileSync(tokensFile, "utf8").trimEnd().split("\n");

const now = (): number => performance.timeOrigin + performance.now();
let next = 0;
let perSecond = 0;
let done = 0;
let watched: string | null = null;
let acceptedAtMs = 0;
let onAccepted: (() => void) | null = null;
let refused = Promise.withResolvers<void>();

async function verifyNext(): Promise<void> {
  next = next + 1 === tokens.length ? 0 : next + 1;
  await verifier.verify(tokens[next]!);
  done += 1;
}

async function look(token: string): Promise<void> {
  const { status } = await verifier.verify(token);
  if (status === "ok") {
    acceptedAtMs = now();
    onAccepted?.();
    onAccepted = null;
  } else if (status === "invalid" && onAccepted === null) {
    watched = null;
    refused.resolve();
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
        : Math.min(owed + elapsed(lastMs, nowMs), elapsed(0, 2 * TICK_MS));
    lastMs = nowMs;
    for (; owed >= 1; owed -= 1) await verifyNext();
    if (watched !== null) await look(watched);
    const tickMs = watched === null ? TICK_MS : WATCHING_TICK_MS;
    await (perSecond === Infinity ? new Promise(setImmediate) : Bun.sleep(tickMs));
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
    await new Promise<void>((resolve) => {
      onAccepted = resolve;
      watched = token;
    });
    return {};
  },
  async last() {
    await refused.promise;
    return { acceptedAtMs };
  },
};

void run();
console.log(JSON.stringify({ ready: true }));
for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line) as WatcherQuestion;
  console.log(JSON.stringify(await answers[question.kind](question as never)));
}
process.exit(0);
