/** The verifiers that hold a lease from this node, and how far each is known to have come. */
import type { Clock } from "./types.ts";

/** Who hangs on this node. */
export interface HolderRegistry {
  /** The holder's cursor is a row of our history: it has applied everything up to there. */
  prove(holder: string, seq: number): void;
  /**
   * To be called before the answer that hands out a lease leaves.
   *
   * @param seq the cursor that the holder is known to have reached.
   * @param leftMs the life that is handed out.
   * @returns whether the holder may be answered; one that has left may not.
   */
  grant(holder: string, seq: number, leftMs: number): boolean;
  /**
   * The same for an answer that tells the holder to forget everything: if it is lost, the holder goes
   * on by what it was granted before, so that an earlier grant keeps its place.
   */
  grantReset(holder: string, seq: number, leftMs: number): boolean;
  /** The node's history was reset: nothing is known of what running leases have applied. */
  reset(): void;
  /** The holder has ended its lease, and asks for no other. */
  release(holder: string): void;
  /** Forgets those whose lease has ended. */
  forgetEnded(): void;
  /** The least row that a running lease may be at; `applied` where there is none below. */
  low(applied: number): number;
  /** Holders with a running lease. */
  count(): number;
}

/** By this share of the bound a grant is remembered beyond its life, for clocks that differ. */
const REMEMBERED = 0.05;

interface Grant {
  seq: number;
  untilMs: number;
}

/** @param boundMs the bound B. */
export function createHolderRegistry(clock: Clock, boundMs: number): HolderRegistry {
  const grants = new Map<string, Grant>();
  /** Those who left, until when a request of theirs may still be under way. */
  const released = new Map<string, number>();
  /** How many grants are at a row; with all holders up to date it has one key. */
  const places = new Map<number, number>();

  function move(from: number | null, to: number | null): void {
    if (to !== null) places.set(to, (places.get(to) ?? 0) + 1);
    if (from === null) return;
    const left = (places.get(from) ?? 0) - 1;
    if (left > 0) places.set(from, left);
    else places.delete(from);
  }

  function record(holder: string, seq: number, leftMs: number, keepsPlace: boolean): boolean {
    if (released.has(holder)) return false;
    const untilMs = clock.monotonicMs() + leftMs + boundMs * REMEMBERED;
    const grant = grants.get(holder);
    const place = keepsPlace ? Math.min(seq, grant?.seq ?? seq) : seq;
    move(grant?.seq ?? null, place);
    grants.set(holder, { seq: place, untilMs: Math.max(untilMs, grant?.untilMs ?? untilMs) });
    return true;
  }

  return {
    prove(holder, seq) {
      const grant = grants.get(holder);
      if (grant === undefined) return;
      move(grant.seq, seq);
      grant.seq = seq;
    },
    grant: (holder, seq, leftMs) => record(holder, seq, leftMs, false),
    grantReset: (holder, seq, leftMs) => record(holder, seq, leftMs, true),
    release(holder) {
      released.set(holder, clock.monotonicMs() + boundMs);
      const grant = grants.get(holder);
      if (grant === undefined) return;
      grants.delete(holder);
      move(grant.seq, null);
    },
    reset() {
      places.clear();
      for (const grant of grants.values()) {
        grant.seq = 0;
        move(null, 0);
      }
    },
    forgetEnded() {
      const nowMs = clock.monotonicMs();
      for (const [holder, grant] of grants) {
        if (grant.untilMs > nowMs) continue;
        grants.delete(holder);
        move(grant.seq, null);
      }
      for (const [holder, untilMs] of released) if (untilMs <= nowMs) released.delete(holder);
    },
    low: (applied) => Math.min(applied, ...places.keys()),
    count: () => grants.size,
  };
}
