/** Runs in a worker: hashes and checks passwords, and lets every other thread go first. */
import { readFileSync, readlinkSync } from "node:fs";
import { setPriority } from "node:os";
import { basename } from "node:path";
import { parentPort } from "node:worker_threads";

/** What the worker is asked: to make a hash, or to check a password against one. */
export interface HashQuestion {
  readonly password: string;
  readonly expectedHash: string | null;
}

/** What it answers. */
export type HashAnswer =
  | { readonly hash: string }
  | { readonly isRight: boolean }
  /** For a hash that is none. Says nothing of the password. */
  | { readonly failure: string };

/** What OWASP advises: 19 MiB, two passes; the runtime takes one lane. */
const PARAMETERS = { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 } as const;
/** A tenth of the usual weight: on a busy machine a login takes longer, on an idle one it does not. */
const NICENESS = 10;
/** How long it rests for each millisecond that this thread or the one of the requests had to wait. */
const REST_SHARE = 6;
/** Whoever logs in on a machine that is always busy must come to their turn. */
const REST_MS_MAX = 350;

/** Only Linux has priorities for single threads; elsewhere the system's scheduler must do. */
function giveWay(): void {
  try {
    setPriority(Number(basename(readlinkSync("/proc/thread-self"))), NICENESS);
  } catch {
    // Hashing works at any priority.
  }
}

/**
 * How long this thread and the main one were ready to run while no processor was free, milliseconds. 0
 * where the system does not tell.
 */
function waitedMs(): number {
  try {
    const waits = ["thread-self", "self"].map((thread) =>
      Number(readFileSync(`/proc/${thread}/schedstat`, "latin1").split(" ", 2)[1]),
    );
    return waits.reduce((sum, ns) => sum + ns, 0) / 1e6;
  } catch {
    return 0;
  }
}

function answer({ password, expectedHash }: HashQuestion): HashAnswer {
  try {
    return expectedHash === null
      ? { hash: Bun.password.hashSync(password, PARAMETERS) }
      : { isRight: Bun.password.verifySync(password, expectedHash) };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : "unknown fault" };
  }
}

giveWay();
parentPort?.on("message", (question: HashQuestion) => {
  const beforeMs = waitedMs();
  parentPort?.postMessage(answer(question));
  // Priority alone is not enough: hashing goes through all of the caches, whoever else is at work.
  Bun.sleepSync(Math.min((waitedMs() - beforeMs) * REST_SHARE, REST_MS_MAX));
});
