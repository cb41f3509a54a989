/**
 * What is easily got wrong, each as a change to the source of the core: the mutant is a copy of the
 * real files with these texts replaced, so that the code that ships holds no switches. Each text must
 * be found exactly once, so that a mutation cannot come to mean nothing.
 */
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as Core from "../../src/core/index.ts";
import * as core from "../../src/core/index.ts";
import type { StoreFaults } from "./database.ts";
import type { Subject } from "./simulate.ts";

interface Patch {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** One thing got wrong. */
export interface Mutation {
  readonly name: string;
  readonly patches: readonly Patch[];
  /** Got wrong in the store instead of the core. */
  readonly store?: StoreFaults;
}

const NO_FAULTS: StoreFaults = {
  drawsNumbersOutsideTheLock: false,
  renewsWithoutWriting: false,
  removesRowsThatHaveBeaten: false,
};

/** A cursor that moves without the rows before. */
const JUMP: Patch = {
  file: "history.ts",
  find: "    relate(position) {",
  replace: `    jump(row: ChangeRow) {
          if (cursor === null || row.seq <= cursor.seq) return;
          cursor = { epoch: cursor.epoch, seq: row.seq, uid: row.uid };
          rows = [];
          start = 0;
          remember(row);
          listener.onChange(row);
        },
    relate(position) {`,
};

/** Hints that come with the row's number. */
const WHOLE_ROWS: Patch = {
  file: "feed.ts",
  find: "pending.set(seq, change);\n      for (const { tell } of held) tell(change);",
  replace: `const whole = { seq, ...change } as ChangeRow;
      pending.set(seq, whole);
      for (const { tell } of held) tell(whole);`,
};

export const MUTATIONS: readonly Mutation[] = [
  {
    name: "a node's lease is counted from the receipt",
    patches: [
      { file: "node-lease.ts", find: "clock.extend(mark,", replace: "clock.extend(clock.mark()," },
    ],
  },
  {
    name: "a verifier's lease is counted from the receipt",
    patches: [
      {
        file: "verifier-lease.ts",
        find: "clock.extend(mark,",
        replace: "clock.extend(clock.mark(),",
      },
    ],
  },
  {
    name: "a lease is extended before the rows are applied",
    patches: [
      {
        file: "node-lease.ts",
        find: "if (isContinuation) history.apply",
        replace: `clock.extend(mark, lifeMs);
          await new Promise<void>((resolve) => edge.timers.set(resolve, boundMs / 50));
          if (isContinuation) history.apply`,
      },
    ],
  },
  {
    name: "a lease from a partial read",
    patches: [{ file: "node-lease.ts", find: "rows.slice(1))", replace: "rows.slice(1, 2))" }],
  },
  {
    name: "leases add up along the chain",
    patches: [
      {
        file: "feed.ts",
        find: "const leftMs = lease.leftMs();",
        replace: "const leftMs = lease.isLive() ? boundMs * 0.95 : 0;",
      },
    ],
  },
  {
    name: "a suspend is not noticed",
    patches: [
      {
        file: "lease-clock.ts",
        find: "if (since === null || nowMs >= deadlineMs || hasSlept(nowMs, wallMs, since)) return 0;",
        replace: "if (since === null || nowMs >= deadlineMs) return 0; void hasSlept;",
      },
    ],
  },
  {
    name: "the clocks are checked before the await",
    patches: [
      {
        file: "checker.ts",
        find: "const judged = isCurrent(found) ? judge(found, needed) : null;",
        replace:
          'const judged: Decision | null = isCurrent(found) ? { outcome: "ok", entry: found } : null;',
      },
    ],
  },
  {
    name: "a renewal without a write",
    patches: [],
    store: { ...NO_FAULTS, renewsWithoutWriting: true },
  },
  {
    name: "a warning is taken for success",
    patches: [
      {
        file: "node-lease.ts",
        find: `if (warning !== null) throw new Error(warning);
    reportedLow`,
        replace: `void warning;
    reportedLow`,
      },
    ],
  },
  {
    name: "a look-up is answered by another server",
    patches: [
      {
        file: "checker.ts",
        find: 'history.relate(position) === "known"',
        replace: 'history.relate(position) !== "ahead"',
      },
    ],
  },
  {
    name: "a number is drawn outside the lock",
    patches: [],
    store: { ...NO_FAULTS, drawsNumbersOutsideTheLock: true },
  },
  {
    name: "the cursor is moved by one's own write, or by a hint",
    patches: [
      {
        file: "node.ts",
        find: "hints.add(hint);",
        replace: "history.jump(hint as ChangeRow);",
      },
      JUMP,
    ],
  },
  {
    name: "a verifier's cursor is moved by a hint",
    patches: [
      WHOLE_ROWS,
      {
        file: "verifier.ts",
        find: "hints.add(hint);",
        replace: "history.jump(hint as ChangeRow);",
      },
      JUMP,
    ],
  },
  {
    name: "a verifier's lease is extended by a hint",
    patches: [
      {
        file: "verifier-lease.ts",
        find: "options.onHint);",
        replace: `(change) => {
          options.onHint(change);
          clock.extend(clock.mark(), boundMs * LEASE);
        });`,
      },
    ],
  },
  {
    name: "a node's lease is extended by a hint",
    patches: [
      {
        file: "node.ts",
        find: "hints.add(hint);",
        replace: "lease.extend();",
      },
      {
        file: "node-lease.ts",
        find: "    wakeSoon: renewals.wakeSoon,",
        replace:
          "    wakeSoon: renewals.wakeSoon, extend: () => clock.extend(clock.mark(), lifeMs),",
      },
    ],
  },
  {
    name: "a holder is recorded where it was hinted to",
    patches: [
      WHOLE_ROWS,
      {
        file: "feed.ts",
        find: "await holdBack(tell);",
        replace: `await holdBack((change) => {
            tell(change);
            hintedTo = Math.max(hintedTo, (change as ChangeRow).seq);
          });`,
      },
      {
        file: "feed.ts",
        find: "holders.grant(holder, cursor.seq, leftMs)",
        replace: "holders.grant(holder, Math.max(cursor.seq, hintedTo), leftMs)",
      },
      { file: "feed.ts", find: "hold }, tell) {", replace: "hold }, tell) { let hintedTo = 0;" },
    ],
  },
  {
    name: "the uid is ignored",
    patches: [
      {
        file: "history.ts",
        find: "rowAt(position.seq)?.uid === position.uid",
        replace: "rowAt(position.seq) !== undefined",
      },
      { file: "node-lease.ts", find: " || own.uid !== cursor.uid", replace: "" },
    ],
  },
  {
    name: "an entry is not checked at storing",
    patches: [{ file: "checker.ts", find: 'if (!isCurrent(entry)) return "again";', replace: "" }],
  },
  {
    name: "an entry is not checked at answering",
    patches: [
      {
        file: "node.ts",
        find: `onChange(row) {
      cache.forget(row);`,
        replace: "onChange(row) {",
      },
    ],
  },
  {
    name: "an entry is not checked across a reset",
    patches: [
      {
        file: "node.ts",
        find: `onReset() {
      cache.clear();`,
        replace: "onReset() {",
      },
    ],
  },
  {
    name: "a verifier's entry is not checked across a reset",
    patches: [{ file: "verifier.ts", find: "onReset: cache.clear", replace: "onReset: () => {}" }],
  },
  {
    name: "late or repeated answers are applied",
    patches: [
      {
        file: "verifier-lease.ts",
        find: "if (number !== renewals.started() || answer.poll !== number) return null;",
        replace: "",
      },
      {
        file: "verifier-lease.ts",
        find: "if (generation !== history.generation() || !isSame(answer.from, history.cursor())) return null;",
        replace: `void generation;
          const seen = history.cursor()?.seq ?? 0;
          if (!answer.reset) {
            history.apply(answer.rows.filter((row) => row.seq > seen));
            clock.extend(mark, answer.leftMs);
            return true;
          }`,
      },
    ],
  },
  {
    name: "a reset because a node lags",
    patches: [
      {
        file: "feed.ts",
        find: 'if (relation === "known") return relation;',
        replace: 'if (relation !== null) return relation === "known" ? relation : "foreign";',
      },
    ],
  },
  {
    name: "a holder is recorded after its grant",
    patches: [
      {
        file: "feed.ts",
        find: `const isRecorded = reset
        ? holders.grantReset(holder, head.seq, leftMs)
        : holders.grant(holder, cursor.seq, leftMs);`,
        replace: `const isRecorded = true;
      edge.timers.set(() => {
        if (reset) holders.grantReset(holder, head.seq, lease.leftMs());
        else holders.grant(holder, cursor.seq, lease.leftMs());
      }, boundMs / 2);`,
      },
    ],
  },
  {
    name: "a holder is forgotten early",
    patches: [
      {
        file: "holders.ts",
        find: "clock.monotonicMs() + leftMs + boundMs * REMEMBERED",
        replace: "clock.monotonicMs() + leftMs * 0.3 + boundMs * REMEMBERED",
      },
    ],
  },
  {
    name: "a member is judged by timestamp",
    patches: [
      {
        file: "members.ts",
        find: "const nowMs = edge.clock.monotonicMs();",
        replace: "const nowMs = edge.clock.wallMs(); void sentAtMs;",
      },
      {
        file: "members.ts",
        find: "sentAtMs - known.sinceMs > boundMs * STALE",
        replace: "nowMs - known.sinceMs > boundMs * STALE",
      },
    ],
  },
  {
    name: "look-ups go ahead of the renewal",
    patches: [
      {
        file: "checker.ts",
        find: `      if (!lease.isLive()) {
        if (!(await lease.ensure())) return UNAVAILABLE;
        continue;
      }`,
        replace: "",
      },
    ],
  },
  {
    name: "all renewals are in step",
    patches: [
      { file: "node-lease.ts", find: "(0.8 + 0.4 * edge.random())", replace: "1" },
      { file: "node-lease.ts", find: "(0.5 + edge.random())", replace: "1" },
    ],
  },
  {
    name: "a wait ends before the bound does",
    patches: [
      {
        file: "members.ts",
        find: "export const WAIT = 1.05;",
        replace: "export const WAIT = 0.8;",
      },
    ],
  },
  {
    name: "nothing left to revoke is believed unseen",
    patches: [
      {
        file: "node.ts",
        find: 'if (!(await lease.renew()) || history.relate(position) !== "known") return null;',
        replace: "",
      },
    ],
  },
  {
    name: "a reset that may be lost counts as applied",
    patches: [
      {
        file: "holders.ts",
        find: "record(holder, seq, leftMs, true)",
        replace: "record(holder, seq, leftMs, false)",
      },
    ],
  },
  {
    name: "who has left is granted a lease all the same",
    patches: [{ file: "holders.ts", find: "if (released.has(holder)) return false;", replace: "" }],
  },
  {
    name: "a member's row is removed although it has beaten since",
    patches: [],
    store: { ...NO_FAULTS, removesRowsThatHaveBeaten: true },
  },
  {
    name: "a verifier's entry is not checked at answering",
    patches: [
      { file: "verifier.ts", find: "onChange: cache.forget", replace: "onChange: () => {}" },
    ],
  },
  {
    name: "an expiry is ignored",
    patches: [{ file: "checker.ts", find: "return EXPIRED;", replace: "void EXPIRED;" }],
  },
  {
    name: "an expiry is judged by the time that was left alone",
    patches: [
      {
        file: "checker.ts",
        find: "wallMs >= entry.expiresAtMs || monotonicMs",
        replace: "monotonicMs",
      },
    ],
  },
  {
    name: "an `all` row empties no cache",
    patches: [
      {
        file: "entry-cache.ts",
        find: 'if (change.kind === "all") clear();',
        replace: 'if (change.kind === "all") return;',
      },
    ],
  },
  {
    name: "an `all` row is forgotten by the history",
    patches: [
      {
        file: "history.ts",
        find: "if (subject === null) lastSeqOfAll = row.seq;",
        replace: "if (subject === null) return;",
      },
    ],
  },
  {
    name: "a verifier's lease is revived after its close",
    patches: [
      {
        file: "verifier-lease.ts",
        find: "number !== renewals.started() || answer.poll",
        replace: "answer.poll",
      },
      {
        file: "verifier.ts",
        find: "lease.close();\n      cache.clear();",
        replace: "lease.close();",
      },
    ],
  },
  {
    name: "a node's lease is revived after its close",
    patches: [
      {
        file: "node-lease.ts",
        find: "if (number !== renewals.started()) return false;",
        replace: "void number;",
      },
      { file: "node.ts", find: "lease.close();\n      cache.clear();", replace: "lease.close();" },
    ],
  },
];

const CORE_FOLDER = join(import.meta.dir, "../../src/core");

/** The code as it is. */
export const ORIGINAL: Subject = { core, store: NO_FAULTS };

/** Runs `work` with a mutant, and removes its files afterwards. */
export async function withMutant<T>(
  { name, patches, store = NO_FAULTS }: Mutation,
  work: (subject: Subject) => T,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "conch-mutant-"));
  try {
    await cp(CORE_FOLDER, folder, { recursive: true });
    for (const { file, find, replace } of patches) {
      const path = join(folder, file);
      const parts = (await readFile(path, "utf8")).split(find);
      if (parts.length !== 2) {
        throw new Error(`"${name}": ${parts.length - 1} times in ${file}: ${find}`);
      }
      await writeFile(path, parts.join(replace));
    }
    const mutant = (await import(join(folder, "index.ts"))) as typeof Core;
    return work({ core: mutant, store });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
