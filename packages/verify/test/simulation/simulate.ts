/** One run: a seed makes the world, its faults and its load; the run ends with a verdict. */
import type * as Core from "../../src/core/index.ts";
import type { ChangeRow, FeedAnswer, FeedRequest, LookUpResult } from "../../src/core/index.ts";
import {
  createDatabase,
  isMeant,
  type RevocationSubject,
  type Server,
  type StoreFaults,
} from "./database.ts";
import { createPlan, type Plan } from "./plan.ts";
import {
  createMachine,
  createProcess,
  createRandom,
  createWorld,
  EPOCH_MS,
  type Process,
} from "./world.ts";
import { keyText } from "../../src/core/key.ts";
import { keyOf } from "../keys.ts";

/** What went wrong first, and when. */
export interface Violation {
  readonly rule: "bound" | "wait" | "return" | "expiry" | "liveness";
  readonly atMs: number;
  readonly text: string;
}

/** What came of a run. */
export interface RunResult {
  readonly seed: number;
  readonly violation: Violation | null;
  readonly accepted: number;
  readonly refused: number;
  readonly unavailable: number;
  readonly waits: { confirmed: number; bound: number };
}

/** The code under test: the real one, or a mutant of it. */
export interface Subject {
  readonly core: typeof Core;
  readonly store: StoreFaults;
}

export const BOUND_MS = 1000;

/** The share of the bound within which a wait is over that need not wait for a lease to end. */
const PROMPT = 0.6;

interface SimNode {
  process: Process;
  core: Core.Node<string>;
  server: Server;
}

interface SimVerifier {
  process: Process;
  core: Core.VerifierCore<string>;
  node: number;
  lastAnswer: FeedAnswer | null;
  holder: string;
}

/** By how much a wall clock of this run is wrong at most, apart from the rate at which it ticks. */
function maxClockErrorMs({ machines, faults }: Plan): number {
  const set = faults.map((fault) => (fault.kind === "step" ? Math.abs(fault.byMs) : 0));
  const offsets = machines.map(({ wallOffsetMs }) => Math.abs(wallOffsetMs));
  return Math.max(...offsets) + set.reduce((sum, byMs) => sum + byMs, 0);
}

/** Runs one seed. */
export function simulate(subject: Subject, seed: number): RunResult {
  const random = createRandom(seed);
  const plan = createPlan(random, BOUND_MS);
  const world = createWorld();
  /** Whether nodes look up without waiting, as with SQLite. */
  const hasDatabaseInside = seed % 4 === 0;
  const confirmedAt = new Map<string, number>();
  const result = {
    seed,
    violation: null as Violation | null,
    accepted: 0,
    refused: 0,
    unavailable: 0,
    waits: { confirmed: 0, bound: 0 },
  };
  const isFaulty = () => world.now() < plan.faultsEndMs;
  const isChecked = () => world.now() >= plan.faultsEndMs + plan.graceMs;
  const tokens = Array.from({ length: plan.tokens }, (_, index) => ({
    id: `t${index}`,
    userId: `u${index % 4}`,
    expiresAtMs: index % 8 === 5 ? EPOCH_MS + random.between(0.5, 4) * BOUND_MS : 4e12,
  }));
  const expiresAtMs = new Map(tokens.map((token) => [token.id, token.expiresAtMs]));
  const idsByKey = new Map(tokens.map(({ id }) => [keyText(keyOf(id)), id]));
  const idOfKey = (key: Core.Key) => idsByKey.get(keyText(key)) ?? "";
  // The first users' tokens are left alone: they must be accepted once the faults are over.
  const isGood = (tokenId: string) => tokens.findIndex(({ id }) => id === tokenId) % 4 === 0;

  function latency(...ends: Process[]): number | null {
    if (ends.some((end) => end.isIsolated())) return null;
    if (isFaulty() && random.chance(plan.loss)) return null;
    const isSlow = isFaulty() && random.chance(plan.slowness);
    return isSlow ? random.between(10, plan.slowMs) : random.between(0.15, 1) * plan.latencyMs;
  }

  const database = createDatabase({
    world,
    random,
    boundMs: BOUND_MS,
    faults: subject.store,
    tokens,
    keptRows: plan.keptRows,
    earlyVisibility: plan.earlyVisibility,
    cancellation: plan.cancellation,
    serviceMs: plan.serviceMs,
    slots: plan.slots,
    thinkMs: plan.thinkMs,
    announce,
    latency,
  });

  function fail(rule: Violation["rule"], text: string): void {
    result.violation ??= { rule, atMs: world.now(), text };
  }

  /** A process that has once refused a token because it was revoked must not accept it later. */
  const refusedBy = new WeakMap<Process, Set<string>>();

  function noteRefused(process: Process, tokenId: string): void {
    result.refused += 1;
    const refused = refusedBy.get(process);
    if (refused === undefined) refusedBy.set(process, new Set([tokenId]));
    else refused.add(tokenId);
  }

  function noteAccepted(process: Process, who: string, tokenId: string): void {
    result.accepted += 1;
    if (refusedBy.get(process)?.has(tokenId) === true) {
      fail("return", `${who} accepted ${tokenId}, which it had refused before`);
    }
    const endsAtMs = expiresAtMs.get(tokenId) ?? 0;
    const wrongMs = maxClockErrorMs(plan) + 0.01 * world.now();
    if (process.edge.clock.wallMs() >= endsAtMs || EPOCH_MS + world.now() >= endsAtMs + wrongMs) {
      fail("expiry", `${who} accepted ${tokenId}, which has expired`);
    }
    const revokedAt = database.revokedAt(tokenId);
    const confirmed = confirmedAt.get(tokenId);
    if (revokedAt !== null && world.now() > revokedAt + BOUND_MS) {
      const lateMs = world.now() - revokedAt - BOUND_MS;
      fail("bound", `${who} accepted ${tokenId} ${lateMs.toFixed(1)} ms after the bound`);
    } else if (confirmed !== undefined && world.now() > confirmed) {
      fail(
        "wait",
        `${who} accepted ${tokenId} ${(world.now() - confirmed).toFixed(1)} ms after a wait`,
      );
    }
  }

  /** A server that a connection made now reaches; not always the one that it should. */
  function reachServer(): Server {
    const old = database.first;
    const strays = database.primary() !== old && old.isUp && random.chance(plan.straying);
    return strays ? old : database.primary();
  }

  function lookUpInBatch(
    process: Process,
    tokenId: string,
    receive: (result: LookUpResult | null) => void,
  ): void {
    if (hasDatabaseInside) {
      process.schedule(0, () => receive(database.lookUpNow(process, reachServer(), tokenId)));
      return;
    }
    database.lookUp(process, reachServer(), tokenId).then(receive, () => receive(null));
  }

  function startNode(node: SimNode): Core.Node<string> {
    const { process } = node;
    const guarded = <T>(work: Promise<T>) =>
      work.catch((error: unknown) => {
        node.server = reachServer();
        throw error;
      });
    let incarnations = 0;
    const core = subject.core.createNode<string>({
      edge: process.edge,
      boundMs: BOUND_MS,
      source: {
        register: (incarnation, limit) =>
          guarded(database.register(process, node.server, incarnation, limit)),
        renew: (state, wish, limit) =>
          guarded(database.renew(process, node.server, state, wish, limit)),
        removeMember: (incarnation, beat, limit) =>
          database.removeMember(process, node.server, incarnation, beat, limit),
      },
      lookUp: (_key, tokenId) => database.lookUp(process, reachServer(), tokenId),
      lookUpInBatch: (key, receive) => lookUpInBatch(process, idOfKey(key), receive),
      lookUpsMax: 64,
      entriesMax: plan.entriesMax,
      createIncarnation: () => {
        incarnations += 1;
        return `${random.below(1e9)}-${incarnations}`;
      },
    });
    core.start();
    return core;
  }

  /** A request from one process to another, with what the network does to it. */
  function call<T>(
    from: Process,
    to: Process,
    limitMs: number,
    handle: () => Promise<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = from.edge.timers.set(() => reject(new Error("time limit")), limitMs);
      const deliver = () =>
        to.schedule(latency(from, to) ?? 1e9, () => {
          const answer = async () => {
            const answered = await handle();
            const back = latency(from, to);
            if (back === null || !to.isAlive()) return;
            from.schedule(back, () => {
              timer.cancel();
              resolve(answered);
            });
          };
          void answer();
        });
      deliver();
      if (isFaulty() && random.chance(plan.duplicates)) deliver();
    });
  }

  function nodeFor(verifier: SimVerifier): SimNode {
    if (plan.isBalanced) verifier.node = random.below(nodes.length);
    return nodes[verifier.node % nodes.length] as SimNode;
  }

  async function poll(
    verifier: SimVerifier,
    request: FeedRequest,
    limitMs: number,
    tell: Core.Tell,
  ) {
    const late = verifier.lastAnswer;
    if (late !== null && isFaulty() && random.chance(plan.lateAnswers)) {
      await new Promise<void>((resolve) => {
        verifier.process.schedule(random.between(0.5, 20), resolve);
      });
      return late;
    }
    const node = nodeFor(verifier);
    const answer = await call(verifier.process, node.process, limitMs, () =>
      node.core.feed.answer(request, (change) => {
        for (let copies = repeats(); copies > 0; copies -= 1) {
          const delay = latency(node.process, verifier.process);
          if (delay !== null) verifier.process.schedule(delay, () => tell(change));
        }
      }),
    ).catch(() => null);
    if (answer === null) {
      verifier.node += 1;
      throw new Error("no answer");
    }
    verifier.lastAnswer = answer;
    return answer;
  }

  async function lookUpAtNode(
    verifier: SimVerifier,
    tokenId: string,
    seq: number,
  ): Promise<LookUpResult> {
    const node = nodeFor(verifier);
    const found = await call(verifier.process, node.process, BOUND_MS / 2, async () => {
      const looked = await node.core.checker.lookUp(keyOf(tokenId), tokenId, seq);
      return { looked, wallMs: node.process.edge.clock.wallMs() };
    });
    if (found.looked === null) throw new Error("unavailable");
    const { position, entry, keepMs } = found.looked;
    if (entry === null) return { position, record: null, keepMs };
    return { position, record: entry, expiresInMs: entry.expiresAtMs - found.wallMs, keepMs };
  }

  function startVerifier(verifier: SimVerifier): Core.VerifierCore<string> {
    verifier.holder = `h${random.below(1e9)}`;
    const core = subject.core.createVerifierCore<string>({
      edge: verifier.process.edge,
      boundMs: BOUND_MS,
      poll: (request, limitMs, tell) => poll(verifier, request, limitMs, tell),
      lookUp: (_key, tokenId, seq) => lookUpAtNode(verifier, tokenId, seq),
      lookUpsMax: 64,
      entriesMax: plan.entriesMax,
      holder: verifier.holder,
    });
    core.start();
    return core;
  }

  const machines = plan.machines.map(({ rate, wallOffsetMs }) =>
    createMachine(world, rate, wallOffsetMs),
  );
  const newProcess = (index: number) =>
    createProcess(world, machines[index % machines.length]!, createRandom(random.below(2 ** 31)));

  const nodes: SimNode[] = Array.from({ length: plan.nodes }, (_, index) => {
    const node = { process: newProcess(index), server: database.first } as SimNode;
    node.core = startNode(node);
    return node;
  });
  const verifiers: SimVerifier[] = Array.from({ length: plan.verifiers }, (_, index) => {
    const process = newProcess(plan.nodes + index);
    const verifier = { process, node: index, lastAnswer: null } as unknown as SimVerifier;
    verifier.core = startVerifier(verifier);
    return verifier;
  });
  const holders: (SimNode | SimVerifier)[] = [...nodes, ...verifiers];

  /** A verifier that ends in good order says so to the node that it holds its lease from. */
  function leaveNode(verifier: SimVerifier): void {
    verifier.core.close();
    const node = nodeFor(verifier);
    // By the time that it is heard there may be another of another name.
    const { holder } = verifier;
    const delay = latency(verifier.process, node.process);
    if (delay !== null) node.process.schedule(delay, () => node.core.feed.release(holder));
  }

  /** A node that ends in good order takes its row away, where no verifier hangs on it. */
  function leaveDatabase({ process, server, core }: SimNode): void {
    const incarnation = core.lease.incarnation();
    core.close();
    core.holders.forgetEnded();
    if (core.holders.count() > 0) return;
    database.removeOwnRow(process, server, incarnation).catch(() => {
      // The other nodes remove it once it has not changed for two bounds.
    });
  }

  /** Ends in good order, is asked for a while longer, which must do no harm, and comes back. */
  function leave(holder: SimNode | SimVerifier, index: number): void {
    const { process } = holder;
    process.schedule(0, () => {
      if ("server" in holder) leaveDatabase(holder);
      else leaveNode(holder);
      process.schedule(random.between(0, BOUND_MS), () => {
        if (holder.process === process) restart(holder, index);
      });
    });
  }

  function restart(holder: SimNode | SimVerifier, index: number): void {
    if ("lastAnswer" in holder && random.chance(0.5)) leaveNode(holder);
    holder.process.kill();
    world.after(random.between(1, BOUND_MS), () => {
      holder.process = newProcess(index);
      if ("server" in holder) {
        holder.server = reachServer();
        holder.core = startNode(holder);
      } else {
        holder.lastAnswer = null;
        holder.core = startVerifier(holder);
      }
    });
  }

  function isUp({ process }: SimNode | SimVerifier): boolean {
    return process.isRunning();
  }

  let lately = "t0";

  // Load: every process is asked about random tokens, all the time.
  function ask(holder: SimNode | SimVerifier, who: string): void {
    const id = random.chance(0.4) ? lately : random.pick(tokens).id;
    const { process, core } = holder;
    const settle = (decision: Core.Decision) => {
      const { outcome } = decision;
      if (outcome === "ok") noteAccepted(process, who, id);
      else if (outcome === "unavailable") result.unavailable += 1;
      // One that has expired by a clock that is set back may be good again.
      else if (outcome === "invalid" && decision.reason === "expired") result.refused += 1;
      else noteRefused(process, id);
      if (outcome !== "ok" && isChecked() && isGood(id)) {
        fail("liveness", `${who} says ${outcome} of ${id}, which is good`);
      }
    };
    if (isUp(holder)) {
      const decision = core.checker.decide(keyOf(id));
      if (decision !== null) settle(decision);
      else {
        const wait = async () => {
          const checked = await core.checker.check(keyOf(id), id);
          if (process.isAlive()) settle(checked);
        };
        void wait();
      }
    }
    world.after(random.between(0.5, 1.5) * plan.askEveryMs, () => ask(holder, who));
  }
  holders.forEach((holder, index) => {
    const who = index < nodes.length ? `node ${index}` : `verifier ${index - nodes.length}`;
    world.after(random.between(1, 30), () => ask(holder, who));
  });

  function noteWaited(subject: RevocationSubject, { proof, waitedMs }: Core.WaitResult): void {
    result.waits[proof] += 1;
    if (plan.waitsArePrompt && waitedMs > BOUND_MS * PROMPT) {
      fail("liveness", `a wait took ${waitedMs} ms, although whoever was silent had left`);
    }
    for (const token of tokens) {
      if (!isMeant(subject, token) || confirmedAt.has(token.id)) continue;
      confirmedAt.set(token.id, world.now());
    }
  }

  // Revocations, repeated until they are known to be stored, each with a wait.
  async function revoke(subject: RevocationSubject, onWaited: () => void): Promise<void> {
    const node = plan.revokesAtLast ? nodes.at(-1)! : random.pick(nodes);
    const { process, core } = node;
    const again = () =>
      world.after(random.between(5, BOUND_MS / 4), () => void revoke(subject, onWaited));
    if (!isUp(node)) return again();
    const rollsBack = isFaulty() && random.chance(0.15);
    try {
      const revoked = await database.revoke(process, reachServer(), { ...subject, rollsBack });
      const nowMs = process.edge.clock.monotonicMs();
      if ("row" in revoked) {
        if (revoked.warning !== null) return again();
        core.hint(revoked.row);
      }
      const waited =
        "row" in revoked
          ? await core.wait(revoked.row.seq, nowMs)
          : await core.waitFrom(revoked.position, nowMs);
      if (!process.isAlive()) return;
      if (waited === null) return again();
      noteWaited(subject, waited);
      onWaited();
    } catch {
      again();
    }
  }

  function repeats(): number {
    return isFaulty() && random.chance(plan.duplicates) ? 2 : 1;
  }

  /** What nodes are told of a commit: late, twice, or not at all. */
  function announce(row: ChangeRow): void {
    for (const node of nodes) {
      for (let copies = repeats(); copies > 0; copies -= 1) {
        const delay = latency(node.process);
        if (delay === null || random.chance(plan.lostNotifications)) continue;
        const isLate = isFaulty() && random.chance(plan.lateNotifications);
        const lateMs = isLate ? random.between(0, 3 * BOUND_MS) : 0;
        node.process.schedule(delay + lateMs, () => {
          node.core.hint(row);
          node.core.lease.wakeSoon();
        });
      }
    }
  }

  /** Whoever can connect to the database can say anything. */
  function announceFalsely(everyMs: number): void {
    const { id, userId } = random.pick(tokens);
    const kind = random.pick(["token", "user", "all"] as const);
    announce({ seq: random.below(200), uid: "false", kind, tokenId: id, userId });
    world.after(random.between(0.5, 1.5) * everyMs, () => announceFalsely(everyMs));
  }
  const { falseNotificationsMs } = plan;
  if (falseNotificationsMs !== null) world.after(1, () => announceFalsely(falseNotificationsMs));

  function revokeSome(): void {
    for (let count = 0; count < plan.revocations; count += 1) revokeSomething();
    if (isFaulty()) world.after(random.between(0.3, 1.7) * plan.revokeEveryMs, revokeSome);
  }

  function revokeSomething(): void {
    const victims = tokens.filter(({ id }) => !isGood(id));
    const isSparing = world.now() < plan.sparesUntilMs;
    const victim = isSparing ? victims[0]! : random.pick(victims);
    const kind = random.pick(plan.revocationKinds);
    if (!isSparing) lately = victim.id;
    const { id, userId } = victim;
    const subject = { kind, tokenId: kind === "user" ? null : id, userId };
    if (plan.revokes) void revoke(subject, () => {});
  }
  world.after(random.between(50, 200), revokeSome);

  // Faults.
  for (const fault of plan.faults) {
    world.after(fault.atMs, () => {
      const holder = holders[fault.holder % holders.length]!;
      const machine = machines[fault.holder % machines.length]!;
      if (fault.kind === "isolate") holder.process.isolate(fault.forMs);
      else if (fault.kind === "freeze") holder.process.freeze(fault.forMs);
      else if (fault.kind === "crash") restart(holder, fault.holder % holders.length);
      else if (fault.kind === "leave") leave(holder, fault.holder % holders.length);
      else if (fault.kind === "step") machine.stepWall(fault.byMs);
      else if (fault.kind === "suspend") {
        machine.suspend(fault.forMs);
        holders.forEach(
          ({ process }) => process.machine === machine && process.freeze(fault.forMs),
        );
      }
    });
  }
  if (plan.cutAtMs !== null) world.after(plan.cutAtMs, () => database.cutReplication(true));
  if (plan.outage !== null) {
    const { fromMs, untilMs } = plan.outage;
    world.after(fromMs, () => (database.first.isUp = false));
    world.after(untilMs, () => (database.first.isUp = true));
  }
  if (plan.failOverAtMs !== null) {
    world.after(plan.failOverAtMs, () => database.failOver(plan.oldLivesOn));
  }
  world.after(plan.faultsEndMs, () => {
    database.cutReplication(false);
    if (plan.failOverAtMs !== null) database.first.isUp = false;
  });
  if (plan.revokes) expectWaitsToReturn(plan);

  function expectWaitsToReturn({ faultsEndMs, graceMs, endMs }: Plan): void {
    let returned = false;
    const subject = { kind: "user" as const, tokenId: null, userId: "u3" };
    world.after(faultsEndMs + graceMs, () => void revoke(subject, () => (returned = true)));
    world.after(endMs - 1, () => {
      if (!returned) fail("liveness", "a wait has not returned");
    });
  }

  world.run(plan.endMs, () => result.violation === null);
  return result;
}
