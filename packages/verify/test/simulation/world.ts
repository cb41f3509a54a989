/** A world with one true time, machines whose clocks are wrong, and processes that get interrupted. */
import { drainMicrotasks } from "bun:jsc";
import type { Clock, Edge } from "../../src/core/types.ts";

/** A seeded generator (mulberry32). */
export interface Random {
  /** In [0, 1). */
  readonly next: () => number;
  between(low: number, high: number): number;
  below(count: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
}

export function createRandom(seed: number): Random {
  let state = seed | 0;
  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }
  return {
    next,
    between: (low, high) => low + (high - low) * next(),
    below: (count) => Math.floor(count * next()),
    chance: (probability) => next() < probability,
    pick: (items) => {
      const item = items[Math.floor(items.length * next())];
      if (item === undefined) throw new Error("nothing to pick from");
      return item;
    },
  };
}

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** The true time, and what happens in it. */
export interface World {
  now(): number;
  /** Runs it then, whatever becomes of the processes. */
  after(delayMs: number, run: () => void): void;
  /** Runs events in the order of their time until `end`; `check` after each. */
  run(end: number, check: () => boolean): void;
}

export function createWorld(): World {
  const heap: Event[] = [];
  let now = 0;
  let order = 0;

  const isBefore = (one: Event, other: Event) =>
    one.at < other.at || (one.at === other.at && one.order < other.order);

  function push(event: Event): void {
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Event;
      if (!isBefore(event, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  function pop(): Event | undefined {
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || top === last) return top;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) {
        child += 1;
      }
      if (!isBefore(heap[child] as Event, last)) break;
      heap[index] = heap[child] as Event;
      index = child;
    }
    heap[index] = last;
    return top;
  }

  return {
    now: () => now,
    after(delayMs, run) {
      order += 1;
      push({ at: now + Math.max(0, delayMs), order, run });
    },
    run(end, check) {
      for (;;) {
        const event = pop();
        if (event === undefined) return;
        if (event.at > end) {
          push(event);
          now = end;
          return;
        }
        now = event.at;
        event.run();
        drainMicrotasks();
        if (!check()) return;
      }
    },
  };
}

/** What a wall clock that is right shows when the run begins. */
export const EPOCH_MS = 1e12;

/** A machine: two clocks that tick at a rate of their own. */
export interface Machine {
  readonly clock: Clock;
  /** True time that the monotonic clock takes for so many milliseconds. */
  trueMs(monotonicMs: number): number;
  stepWall(byMs: number): void;
  /** The monotonic clock stands still for that long from now. */
  suspend(forMs: number): void;
}

export function createMachine(world: World, rate: number, wallOffsetMs: number): Machine {
  let slept = 0;
  let sleepsFrom = 0;
  let sleepsUntil = 0;
  let wallStep = wallOffsetMs;
  const sleptMs = () => slept + Math.max(0, Math.min(world.now(), sleepsUntil) - sleepsFrom);
  return {
    clock: {
      monotonicMs: () => (world.now() - sleptMs()) * rate,
      wallMs: () => EPOCH_MS + world.now() * rate + wallStep,
    },
    trueMs: (monotonicMs) => monotonicMs / rate,
    stepWall(byMs) {
      wallStep += byMs;
    },
    suspend(forMs) {
      slept = sleptMs();
      sleepsFrom = world.now();
      sleepsUntil = world.now() + forMs;
    },
  };
}

/** A process: what is scheduled in it happens late while it is frozen, and never once it is dead. */
export interface Process {
  readonly edge: Edge;
  readonly machine: Machine;
  isRunning(): boolean;
  isAlive(): boolean;
  /** Cut off from everybody else. */
  isIsolated(): boolean;
  isolate(forMs: number): void;
  /** SIGSTOP, and SIGCONT that much later. */
  freeze(forMs: number): void;
  kill(): void;
  /** After that much true time, or when the process runs again. */
  schedule(delayMs: number, run: () => void): void;
}

export function createProcess(world: World, machine: Machine, random: Random): Process {
  let alive = true;
  let frozenUntil = 0;
  let isolatedUntil = 0;

  function runWhenAwake(run: () => void): void {
    if (!alive) return;
    if (world.now() < frozenUntil) world.after(frozenUntil - world.now(), () => runWhenAwake(run));
    else run();
  }

  const schedule = (delayMs: number, run: () => void) =>
    world.after(delayMs, () => runWhenAwake(run));

  return {
    machine,
    edge: {
      clock: machine.clock,
      random: random.next,
      timers: {
        set(callback, delayMs) {
          let isCancelled = false;
          // Timers of the real thing may be early by a fraction and late by any amount.
          schedule(machine.trueMs(delayMs) + random.next() * 0.3, () => {
            if (!isCancelled) callback();
          });
          return {
            cancel() {
              isCancelled = true;
            },
          };
        },
      },
    },
    isRunning: () => alive && world.now() >= frozenUntil,
    isAlive: () => alive,
    isIsolated: () => world.now() < isolatedUntil,
    isolate(forMs) {
      isolatedUntil = Math.max(isolatedUntil, world.now() + forMs);
    },
    freeze(forMs) {
      frozenUntil = Math.max(frozenUntil, world.now() + forMs);
    },
    kill() {
      alive = false;
    },
    schedule,
  };
}
