/** What a seed makes of a run: how large the world is, what breaks in it, and when. */
import type { ChangeRow } from "../../src/core/index.ts";
import type { Random } from "./world.ts";

/** Something that happens to a process or its machine. */
export type Fault =
  | {
      readonly kind: "freeze" | "suspend" | "isolate";
      readonly atMs: number;
      readonly holder: number;
      readonly forMs: number;
    }
  | { readonly kind: "crash" | "leave"; readonly atMs: number; readonly holder: number }
  | {
      readonly kind: "step";
      readonly atMs: number;
      readonly holder: number;
      readonly byMs: number;
    };

/** A run. */
export interface Plan {
  readonly nodes: number;
  readonly verifiers: number;
  readonly tokens: number;
  readonly entriesMax: number;
  readonly machines: readonly { readonly rate: number; readonly wallOffsetMs: number }[];
  readonly faults: readonly Fault[];
  readonly faultsEndMs: number;
  /** After which good tokens must be accepted again. */
  readonly graceMs: number;
  readonly endMs: number;
  readonly loss: number;
  readonly slowness: number;
  readonly slowMs: number;
  readonly duplicates: number;
  readonly lateAnswers: number;
  readonly lostNotifications: number;
  /** How likely one is late by seconds. */
  readonly lateNotifications: number;
  /** From one that names what nobody has changed to the next; `null`: none. */
  readonly falseNotificationsMs: number | null;
  /** Verifiers are spread over the nodes request by request. */
  readonly isBalanced: boolean;
  /** How likely a connection reaches the superseded primary. */
  readonly straying: number;
  readonly earlyVisibility: number;
  readonly cancellation: number;
  readonly keptRows: number;
  readonly serviceMs: number;
  readonly slots: number;
  /** Between the last statement of a revocation and its COMMIT. */
  readonly thinkMs: number;
  /** Latency of a good day. */
  readonly latencyMs: number;
  readonly askEveryMs: number;
  readonly revokes: boolean;
  readonly revokeEveryMs: number;
  /** Whether all of them are asked of the last node, or each of any. */
  readonly revokesAtLast: boolean;
  /** Until then only one token is revoked, again and again. */
  readonly sparesUntilMs: number;
  /** Whether a wait must be over early, since whoever is silent has left. */
  readonly waitsArePrompt: boolean;
  /** Revocations at a time. */
  readonly revocations: number;
  readonly revocationKinds: readonly ChangeRow["kind"][];
  readonly cutAtMs: number | null;
  readonly failOverAtMs: number | null;
  readonly oldLivesOn: boolean;
  readonly outage: { readonly fromMs: number; readonly untilMs: number } | null;
}

export function createPlan(random: Random, boundMs: number): Plan {
  const kind = random.next();
  if (kind < 0.06) return createFloodPlan(random, boundMs);
  if (kind < 0.12) return createHerdPlan(random, boundMs);
  if (kind < 0.18) return createLostClocksPlan(random, boundMs);
  if (kind < 0.24) return createLaggardsPlan(random, boundMs);
  if (kind < 0.27) return createLostResetsPlan(random, boundMs);
  if (kind < 0.3) return createLeaversPlan(random, boundMs);
  if (kind < 0.36) return createSleepersPlan(random, boundMs);
  return createMixedPlan(random, boundMs);
}

function createMixedPlan(random: Random, boundMs: number): Plan {
  const faultsEndMs = 4 * boundMs;
  const some = (probability: number, value: number) => (random.chance(probability) ? value : 0);
  const nodes = random.pick([1, 2, 2, 3, 3]);
  const verifiers = 1 + random.below(2);
  const failsOver = random.chance(0.4);
  const failOverAtMs = random.between(0.8, 2) * boundMs;
  return {
    ...quiet(random, boundMs),
    nodes,
    verifiers,
    tokens: 8,
    entriesMax: random.pick([3, 100]),
    machines: Array.from({ length: nodes + verifiers }, () => ({
      rate: random.pick([0.99, 1.01, random.between(0.99, 1.01)]),
      wallOffsetMs: random.between(-5000, 5000),
    })),
    faults: createFaults(random, boundMs, faultsEndMs, nodes + verifiers),
    faultsEndMs,
    endMs: faultsEndMs + 2.3 * boundMs,
    loss: some(0.3, random.between(0, 0.1)),
    slowness: some(0.5, random.between(0, 0.3)),
    slowMs: random.between(20, 0.8 * boundMs),
    duplicates: some(0.3, 0.2),
    lateAnswers: some(0.3, random.between(0, 0.3)),
    lostNotifications: some(0.4, random.between(0, 1)),
    lateNotifications: some(0.4, random.between(0, 0.5)),
    falseNotificationsMs: random.chance(0.3) ? random.between(5, 200) : null,
    isBalanced: random.chance(0.3),
    straying: random.between(0, 0.8),
    earlyVisibility: some(0.5, random.next()),
    cancellation: some(0.4, random.next()),
    keptRows: random.pick([1, 3, 50]),
    thinkMs: some(0.3, random.between(0, 0.15) * boundMs),
    revocations: random.pick([1, 1, 3]),
    cutAtMs:
      failsOver || random.chance(0.2) ? failOverAtMs - random.between(0, 0.8) * boundMs : null,
    failOverAtMs: failsOver ? failOverAtMs : null,
    oldLivesOn: random.chance(0.8),
  };
}

function createFaults(random: Random, boundMs: number, endMs: number, holders: number): Fault[] {
  const kinds = random.pick<readonly Fault["kind"][]>([
    [],
    ["freeze"],
    ["suspend"],
    ["crash"],
    ["step"],
    ["freeze", "crash"],
    ["freeze", "step"],
    ["isolate"],
    ["isolate", "step"],
    ["isolate", "crash"],
    ["leave"],
    ["isolate", "leave"],
    ["freeze", "leave"],
    ["freeze", "suspend"],
  ]);
  if (kinds.length === 0) return [];
  return Array.from({ length: 1 + random.below(6) }, () => {
    const kind = random.pick(kinds);
    const atMs = random.between(0.1 * boundMs, endMs - 2 * boundMs);
    const holder = random.below(holders);
    if (kind === "crash" || kind === "leave") return { kind, atMs, holder };
    if (kind === "step")
      return {
        kind,
        atMs,
        holder,
        byMs: random.pick([-4, -0.5, 0.5, 4]) * random.next() * boundMs,
      };
    const forMs = random.pick([random.between(5, 200), random.between(0.5, 2) * boundMs]);
    return { kind, atMs, holder, forMs };
  });
}

/** A node or a verifier is cut off, and while revocations wait for it wall clocks are set. */
function createLostClocksPlan(random: Random, boundMs: number): Plan {
  const atMs = random.between(0.3, 1.5) * boundMs;
  const steps = [1, 2, 3].map((holder): Fault => {
    const byMs = random.pick([-1, 1, 1]) * random.between(1, 5) * boundMs;
    return { kind: "step", atMs: atMs + random.between(0.05, 0.7) * boundMs, holder, byMs };
  });
  return {
    ...quiet(random, boundMs),
    nodes: 3,
    verifiers: 1,
    entriesMax: 100,
    faults: [
      {
        kind: "isolate",
        atMs,
        holder: random.pick([0, 3]),
        forMs: random.between(0.5, 1) * boundMs,
      },
      ...steps,
    ],
    faultsEndMs: 2.5 * boundMs,
    endMs: 4.8 * boundMs,
    revocationKinds: ["token"],
    revokeEveryMs: boundMs / 5,
  };
}

/** Nodes that nobody tells of commits, and verifiers that ask now this one and now that one. */
function createLaggardsPlan(random: Random, boundMs: number): Plan {
  return {
    ...quiet(random, boundMs),
    nodes: 3,
    verifiers: 2,
    faultsEndMs: 2.5 * boundMs,
    endMs: 4.8 * boundMs,
    lostNotifications: 1,
    isBalanced: true,
    tokens: 24,
    askEveryMs: boundMs / 100,
    revokeEveryMs: boundMs / 8,
  };
}

/** A log that is pruned faster than it is read, and a verifier that is cut off from what it is told. */
function createLostResetsPlan(random: Random, boundMs: number): Plan {
  const atMs = random.between(0.3, 1.5) * boundMs;
  return {
    ...quiet(random, boundMs),
    tokens: 24,
    faults: [{ kind: "isolate", atMs, holder: 1, forMs: random.between(0.5, 1) * boundMs }],
    faultsEndMs: 2.5 * boundMs,
    endMs: 4.8 * boundMs,
    keptRows: 1,
    askEveryMs: boundMs / 100,
    revocationKinds: ["token"],
    revokeEveryMs: boundMs / 8,
  };
}

/** Verifiers and nodes that end in good order, one after the other, over a network that takes its time. */
function createLeaversPlan(random: Random, boundMs: number): Plan {
  const faultsEndMs = 4 * boundMs;
  // A node's row goes where no verifier hangs on it.
  const nodes = random.pick([1, 3]);
  const verifiers = 4 - nodes;
  const leavers = nodes === 1 ? [1, 2, 3] : [0, 1];
  const faults = Array.from({ length: 5 }, (_, index): Fault => {
    const atMs = (0.2 + (index + random.next()) * 0.35) * boundMs;
    return { kind: "leave", atMs, holder: random.pick(leavers) };
  });
  return {
    ...quiet(random, boundMs),
    nodes,
    verifiers,
    tokens: 24,
    waitsArePrompt: nodes === 1,
    faults,
    faultsEndMs,
    endMs: faultsEndMs + 2.3 * boundMs,
    latencyMs: boundMs / 50,
    lostNotifications: 1,
    askEveryMs: boundMs / 100,
    revokeEveryMs: boundMs / 6,
    revocationKinds: ["token"],
  };
}

/**
 * A node that sleeps for just as long as it takes to be given up, and wakes while its row is removed. What
 * would have it renew at once must not happen before revocations have been waited for: it has all tokens
 * cached, and no row of the log to apply.
 */
function createSleepersPlan(random: Random, boundMs: number): Plan {
  const faultsEndMs = 3.6 * boundMs;
  const wakesAtMs = random.between(2.85, 3.05) * boundMs;
  return {
    ...quiet(random, boundMs),
    nodes: 2,
    verifiers: 0,
    tokens: 40,
    revokesAtLast: true,
    sparesUntilMs: wakesAtMs + boundMs / 50,
    faults: [
      {
        kind: "freeze",
        atMs: boundMs,
        holder: 0,
        forMs: wakesAtMs - boundMs,
      },
    ],
    faultsEndMs,
    endMs: faultsEndMs + 2.3 * boundMs,
    latencyMs: boundMs / 250,
    lostNotifications: 1,
    askEveryMs: boundMs / 240,
    revokeEveryMs: boundMs / 60,
    revocationKinds: ["token"],
  };
}

/** A database without capacity to spare, an outage, and many tokens asked for during it. */
function createFloodPlan(random: Random, boundMs: number): Plan {
  return {
    ...quiet(random, boundMs),
    nodes: 3,
    verifiers: 0,
    tokens: 40,
    faultsEndMs: 2.2 * boundMs,
    endMs: 4.2 * boundMs,
    serviceMs: boundMs / 400,
    askEveryMs: boundMs / 150,
    revokes: false,
    outage: { fromMs: 0.5 * boundMs, untilMs: random.between(1.8, 2.2) * boundMs },
  };
}

/** Many nodes that start together, and few connections that the database grants them. */
function createHerdPlan(random: Random, boundMs: number): Plan {
  return {
    ...quiet(random, boundMs),
    nodes: 24,
    verifiers: 0,
    tokens: 4,
    faultsEndMs: 0.5 * boundMs,
    endMs: 4 * boundMs,
    slots: 1,
    serviceMs: 0.2,
    latencyMs: 0.4,
    askEveryMs: boundMs / 5,
    revokes: false,
  };
}

function quiet(random: Random, boundMs: number): Plan {
  return {
    nodes: 1,
    verifiers: 1,
    tokens: 8,
    entriesMax: 100,
    machines: Array.from({ length: 8 }, () => ({ rate: 1, wallOffsetMs: 0 })),
    faults: [],
    faultsEndMs: 0,
    graceMs: boundMs,
    endMs: 0,
    loss: 0,
    slowness: 0,
    slowMs: 0,
    duplicates: 0,
    lateAnswers: 0,
    lostNotifications: 0,
    lateNotifications: 0,
    falseNotificationsMs: null,
    isBalanced: false,
    straying: 0,
    earlyVisibility: 0,
    cancellation: 0,
    keptRows: 50,
    serviceMs: 0.05,
    slots: Infinity,
    thinkMs: 0,
    latencyMs: 2,
    askEveryMs: boundMs / 20,
    revokes: true,
    revokesAtLast: false,
    sparesUntilMs: 0,
    waitsArePrompt: false,
    revocations: 1,
    revokeEveryMs: boundMs / random.between(1, 6),
    revocationKinds: random.pick([["token"], ["user"], ["token", "user", "all"]]),
    cutAtMs: null,
    failOverAtMs: null,
    oldLivesOn: false,
    outage: null,
  };
}
