/** What a cluster goes through, and what must hold of it then. */
import { type Cluster, type ClusterProcess, createToken, tokenName } from "./cluster.ts";
import type { Sightings } from "./record.ts";

/** What became of a revocation. */
interface Revoked {
  readonly acknowledgedAtMs: number;
  /** Acknowledged as in force everywhere. */
  readonly isConfirmed: boolean;
}

/** A promise that was broken, for people. */
export type Violation = string;

/** What was seen. */
export interface Outcome {
  readonly violations: readonly Violation[];
  readonly revocations: number;
  readonly confirmed: number;
  /** The latest acceptance after a revocation's acknowledgement, milliseconds. */
  readonly lateMsMax: number;
}

/** How it goes. */
export interface OrdealOptions {
  readonly boundMs: number;
  /** How often all faults come. */
  readonly rounds: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly say: (text: string) => void;
}

const REVOKE_PAUSE_MS = 120;
const CREATE_PAUSE_MS = 400;
const REQUEST_MS_MAX = 8000;
/** How long the good may take to come back after a fault, on a busy machine. */
const RECOVERY_MS_MAX = 120_000;

/** Lets everything happen, and says what did not hold. */
export async function runOrdeal(cluster: Cluster, options: OrdealOptions): Promise<Outcome> {
  const { boundMs, random, say } = options;
  // The first half will be revoked, in time; the others stay good.
  const doomed = cluster.tokens.length / 2;
  const revoked = new Map<number, Revoked>();
  const created = new Set<string>();
  const violations: Violation[] = [];
  const begun = new Set<number>();
  const over = new AbortController();

  const anyNode = () => pick(cluster.nodes, random).url;

  async function revoke(index: number): Promise<void> {
    begun.add(index);
    const isConfirmed = random() < 0.3;
    for (;;) {
      const status = await remove(anyNode(), cluster.owner, tokenName(index), isConfirmed);
      if (status === 200 || status === 204 || status === 404) break;
      await Bun.sleep(100);
    }
    revoked.set(index, { acknowledgedAtMs: Date.now(), isConfirmed });
  }

  async function revokeAll(): Promise<void> {
    const running: Promise<void>[] = [];
    for (let index = 0; index < doomed && !over.signal.aborted; index += 1) {
      running.push(revoke(index));
      await Bun.sleep(REVOKE_PAUSE_MS);
    }
    await Promise.all(running);
  }

  async function createAll(): Promise<void> {
    for (let index = 0; !over.signal.aborted; index += 1) {
      const name = `made meanwhile ${index}`;
      const made = await createToken(anyNode(), cluster.owner, name).catch(() => null);
      if (made !== null) created.add(name);
      await Bun.sleep(CREATE_PAUSE_MS);
    }
  }

  const observers = () => [
    ...cluster.nodes.map(({ name, load }) => ({ name, sightings: load.sightings })),
    ...cluster.verifiers.map(({ name, lives }) => ({ name, sightings: lives().at(-1) ?? [] })),
  ];

  /** All good tokens are accepted everywhere again. */
  async function recover(after: string): Promise<void> {
    const sinceMs = Date.now();
    const isBack = (sightings: readonly Sightings[]) =>
      sightings.slice(doomed).every(({ acceptedAtMs }) => acceptedAtMs >= sinceMs);
    for (;;) {
      const away = observers().filter(({ sightings }) => !isBack(sightings));
      if (away.length === 0) return;
      if (Date.now() - sinceMs > RECOVERY_MS_MAX) {
        const names = away.map(({ name }) => name).join(", ");
        violations.push(`after ${after}, good tokens are still not accepted by ${names}`);
        return;
      }
      await Bun.sleep(50);
    }
  }

  const work = Promise.all([revokeAll(), createAll()]);
  for (let round = 0; round < options.rounds; round += 1) {
    for (const [name, fault] of Object.entries(createFaults(cluster, boundMs, random))) {
      say(name);
      await fault();
      await recover(name);
    }
  }
  over.abort();
  await work;
  await Bun.sleep(boundMs * 1.1);
  await recover("everything");
  await settle(observers, revoked);

  for (const { name, sightings } of allSightings(cluster)) {
    violations.push(...judge(name, sightings, { doomed, begun, revoked, boundMs }));
  }
  violations.push(...(await findLost(cluster, created, begun)));
  return {
    violations,
    revocations: revoked.size,
    confirmed: [...revoked.values()].filter(({ isConfirmed }) => isConfirmed).length,
    lateMsMax: latest(cluster, revoked),
  };
}

function pick<T>(items: readonly T[], random: () => number): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error("nothing to choose from");
  return item;
}

async function remove(url: string, owner: string, name: string, wait: boolean): Promise<number> {
  const path = `/user/me/token/${encodeURIComponent(name)}${wait ? "?wait=1" : ""}`;
  return fetch(url + path, {
    method: "DELETE",
    headers: { authorization: `Bearer ${owner}` },
    signal: AbortSignal.timeout(REQUEST_MS_MAX),
  }).then(
    (response) => response.status,
    () => 0,
  );
}

/** Faults that last longer than the bound, so that leases end meanwhile. */
function createFaults(
  cluster: Cluster,
  boundMs: number,
  random: () => number,
): Record<string, () => Promise<void>> {
  const lastMs = boundMs * 1.5;
  const freeze = async (...processes: ClusterProcess[]) => {
    for (const process of processes) process.freeze();
    await Bun.sleep(lastMs);
    for (const process of processes) process.thaw();
  };
  const restart = async (...processes: ClusterProcess[]) => {
    for (const process of processes) {
      await process.kill();
      await process.start();
    }
  };
  const node = () => pick(cluster.nodes, random);
  const verifier = () => pick(cluster.verifiers, random);
  return {
    "a node and a verifier are frozen": () => freeze(node(), verifier()),
    "a node and a verifier are killed": () => restart(node(), verifier()),
    "a node's connections to the database hang": async () => {
      const { toDatabase } = node();
      toDatabase.stall();
      await Bun.sleep(lastMs);
      toDatabase.resume();
    },
    "all connections are cut": async () => {
      for (const { toDatabase } of cluster.nodes) toDatabase.cut();
      for (const { toNodes } of cluster.verifiers) for (const proxy of toNodes) proxy.cut();
    },
    "a verifier's connections hang": async () => {
      const { toNodes } = verifier();
      for (const proxy of toNodes) proxy.stall();
      await Bun.sleep(lastMs);
      for (const proxy of toNodes) proxy.resume();
    },
    "the database hangs for all nodes": async () => {
      for (const { toDatabase } of cluster.nodes) toDatabase.stall();
      await Bun.sleep(lastMs);
      for (const { toDatabase } of cluster.nodes) toDatabase.resume();
    },
    "the database crashes": () => cluster.crashDatabase(),
  };
}

/** Waits until everyone has refused what was revoked. */
async function settle(
  observers: () => readonly { readonly sightings: readonly Sightings[] }[],
  revoked: ReadonlyMap<number, Revoked>,
): Promise<void> {
  const sinceMs = Date.now();
  const isRefused = (sightings: readonly Sightings[]) =>
    [...revoked.keys()].every((index) => (sightings[index]?.refusedAtMs ?? 0) >= sinceMs);
  while (!observers().every(({ sightings }) => isRefused(sightings))) {
    // What never comes is told by what is judged afterwards.
    if (Date.now() - sinceMs > RECOVERY_MS_MAX) return;
    await Bun.sleep(50);
  }
}

function allSightings(cluster: Cluster) {
  return [
    ...cluster.nodes.map(({ name, load }) => ({ name, sightings: load.sightings })),
    ...cluster.verifiers.flatMap(({ name, lives }) =>
      lives().map((sightings, life) => ({ name: `${name}, life ${life + 1}`, sightings })),
    ),
  ];
}

function judge(
  observer: string,
  sightings: readonly Sightings[],
  known: {
    readonly doomed: number;
    readonly begun: ReadonlySet<number>;
    readonly revoked: ReadonlyMap<number, Revoked>;
    readonly boundMs: number;
  },
): Violation[] {
  const violations: Violation[] = [];
  for (const [index, { acceptedAtMs, refusedAtMs }] of sightings.entries()) {
    const revoked = known.revoked.get(index);
    if (revoked !== undefined) {
      const lateMs = acceptedAtMs - revoked.acknowledgedAtMs;
      const allowedMs = revoked.isConfirmed ? 0 : known.boundMs;
      const kind = revoked.isConfirmed ? "confirmed" : "acknowledged";
      if (lateMs > allowedMs) {
        violations.push(
          `${observer} accepted token ${index} ${lateMs} ms after it was ${kind} as revoked`,
        );
      }
    }
    if (!known.begun.has(index) && refusedAtMs > 0) {
      violations.push(`${observer} refused the good token ${index}`);
    }
  }
  return violations;
}

function latest(cluster: Cluster, revoked: ReadonlyMap<number, Revoked>): number {
  const lateMs = allSightings(cluster).flatMap(({ sightings }) =>
    [...revoked].map(
      ([index, { acknowledgedAtMs }]) => (sightings[index]?.acceptedAtMs ?? 0) - acknowledgedAtMs,
    ),
  );
  return Math.max(0, ...lateMs);
}

/** What was acknowledged is there, as every node tells. */
async function findLost(
  cluster: Cluster,
  created: ReadonlySet<string>,
  begun: ReadonlySet<number>,
): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const { name: node, url } of cluster.nodes) {
    const listed = await listNames(url, cluster.owner);
    for (const name of created) {
      if (!listed.has(name)) violations.push(`${node} does not list "${name}", which was created`);
    }
    for (const index of begun) {
      if (listed.has(tokenName(index))) violations.push(`${node} still lists token ${index}`);
    }
  }
  return violations;
}

async function listNames(url: string, owner: string): Promise<ReadonlySet<string>> {
  const sinceMs = Date.now();
  for (;;) {
    const response = await fetch(`${url}/user/me/token`, {
      headers: { authorization: `Bearer ${owner}` },
    });
    if (response.ok) {
      const rows = (await response.json()) as { name: string }[];
      return new Set(rows.map(({ name }) => name));
    }
    if (Date.now() - sinceMs > RECOVERY_MS_MAX) throw new Error(`no list: ${response.status}`);
    await Bun.sleep(100);
  }
}
