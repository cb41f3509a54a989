/**
 * A model of PostgreSQL as far as the bound depends on it: row locks, READ COMMITTED transactions,
 * synchronous replication, a failover that leaves the old primary alive, limited capacity, and a log
 * that is pruned after every commit. Faults of the model stand for faults of the store.
 */
import type {
  Committed,
  LogSlice,
  Member,
  MemberState,
  Renewal,
  RenewalWish,
} from "../../src/core/log-source.ts";
import type { ChangeRow, Cursor, LookUpResult } from "../../src/core/types.ts";
import type { Process, Random, World } from "./world.ts";

/** Ways in which the store can be wrong; the mutation check turns them on. */
export interface StoreFaults {
  /** The number of a change is drawn before the lock is held, as from a sequence. */
  readonly drawsNumbersOutsideTheLock: boolean;
  /** A renewal only reads. */
  readonly renewsWithoutWriting: boolean;
  /** A member's row is removed although it has been updated since it was judged. */
  readonly removesRowsThatHaveBeaten: boolean;
}

/** A committed transaction on its way through the servers. */
interface Commit {
  apply(state: State): void;
  /** When it became visible on the writable server; `null` while it is not. */
  visibleAt: number | null;
  isReplicated: boolean;
}

/** A token as it is made. */
export interface SimToken {
  readonly id: string;
  readonly userId: string;
  readonly expiresAtMs: number;
}

interface StoredToken extends SimToken {
  revokedBy: Commit | null;
}

interface State {
  epoch: string;
  head: ChangeRow;
  log: ChangeRow[];
  tokens: Map<string, StoredToken>;
  members: Map<string, Member>;
}

interface Transaction {
  readonly writes: ((state: State, commit: Commit) => void)[];
  readonly locks: Set<string>;
  isOver: boolean;
  statements: number;
  /** What it appends to the log. */
  row: ChangeRow | null;
}

/** One server. */
export interface Server {
  readonly name: string;
  state: State;
  /** Answers at all. */
  isUp: boolean;
  /** In recovery: refuses connections. */
  isStandby: boolean;
}

/** What is to be revoked. */
export interface RevocationSubject {
  /** `all`: an import that takes one token away; its row of the log names none. */
  readonly kind: ChangeRow["kind"];
  /** `null` where all of the user's are meant. */
  readonly tokenId: string | null;
  readonly userId: string;
}

/** What revoking asks of the database. */
export interface RevocationWish extends RevocationSubject {
  readonly rollsBack: boolean;
}

/** Whether it takes that token away. */
export function isMeant(subject: RevocationSubject, token: SimToken): boolean {
  return subject.kind === "user" ? token.userId === subject.userId : token.id === subject.tokenId;
}

/** What it came to: the row, or the position at which nothing was left to revoke. */
export type Revoked =
  | { readonly row: ChangeRow; readonly warning: string | null }
  | { readonly position: Cursor };

/** The whole database. */
export interface Database {
  readonly first: Server;
  readonly second: Server;
  primary(): Server;
  register(
    process: Process,
    server: Server,
    incarnation: string,
    timeLimitMs: number,
  ): Promise<Committed<LogSlice>>;
  renew(
    process: Process,
    server: Server,
    state: MemberState,
    wish: RenewalWish,
    timeLimitMs: number,
  ): Promise<Committed<Renewal>>;
  removeMember(
    process: Process,
    server: Server,
    incarnation: string,
    beat: number,
    timeLimitMs: number,
  ): Promise<void>;
  /** What a node does that ends in good order: its row goes, whatever its beat. */
  removeOwnRow(process: Process, server: Server, incarnation: string): Promise<void>;
  lookUp(process: Process, server: Server, tokenId: string): Promise<LookUpResult>;
  /** As a database in the process itself answers; `null` where it does not. */
  lookUpNow(process: Process, server: Server, tokenId: string): LookUpResult | null;
  revoke(process: Process, server: Server, wish: RevocationWish): Promise<Revoked>;
  /** When the token's revocation became visible; `null` where it is good. */
  revokedAt(tokenId: string): number | null;
  cutReplication(isCut: boolean): void;
  /** The standby takes over; what was not replicated is lost. The old primary may live on. */
  failOver(oldLivesOn: boolean): void;
}

/** How this run's database behaves. */
export interface DatabaseOptions {
  readonly world: World;
  readonly random: Random;
  readonly boundMs: number;
  readonly faults: StoreFaults;
  readonly tokens: readonly SimToken[];
  /** Rows kept by the pruning after each commit. */
  readonly keptRows: number;
  /** How likely a commit is visible before it is replicated. */
  readonly earlyVisibility: number;
  /** How likely a wait for the standby is cancelled, with a warning. */
  readonly cancellation: number;
  /** Time that a statement occupies the server, milliseconds. */
  readonly serviceMs: number;
  /** Between the last statement of a revocation and its COMMIT, milliseconds, at most. */
  readonly thinkMs: number;
  /** Transactions at a time; what comes beyond is refused. */
  readonly slots: number;
  /** NOTIFY: told of each row when a server shows it, replicated or not. */
  readonly announce: (row: ChangeRow) => void;
  /** Latency of a message between a process and a server; `null`: lost. */
  readonly latency: (process: Process) => number | null;
}

export function createDatabase(options: DatabaseOptions): Database {
  const { world, random, boundMs } = options;
  const lockTimeoutMs = boundMs / 5;
  let uids = 0;
  let drawn = 1;
  let isCut = false;
  let wal: Commit[] = [];
  let hasFailedOver = false;
  const committing = new WeakSet<Transaction>();
  const waitingForLock = new Map<string, (() => void)[]>();
  const busyUntil = new Map<Server, number>();
  const open = new Map<Server, Set<Transaction>>();

  const first = createServer("first", false);
  const second = createServer("second", true);
  let primary = first;

  function createServer(name: string, isStandby: boolean): Server {
    const head: ChangeRow = { seq: 1, uid: "u0", kind: "all", tokenId: null, userId: null };
    const tokens = new Map(
      options.tokens.map((token) => [token.id, { ...token, revokedBy: null }]),
    );
    const state: State = { epoch: "e1", head, log: [head], tokens, members: new Map() };
    const server = { name, state, isUp: true, isStandby };
    open.set(server, new Set());
    return server;
  }

  /** Sends a statement; `execute` runs on the server and may answer later, or never. */
  function send<T>(
    process: Process,
    server: Server,
    execute: (answer: (value: T) => void, fail: (text: string) => void) => void,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const there = options.latency(process);
      if (there === null) return;
      const back = (run: () => void) => {
        const latency = options.latency(process);
        if (latency !== null) process.schedule(latency, run);
      };
      world.after(there, () => {
        if (!server.isUp) return;
        if (server.isStandby) {
          back(() => reject(new Error("in recovery")));
          return;
        }
        const startAt = Math.max(world.now(), busyUntil.get(server) ?? 0);
        busyUntil.set(server, startAt + options.serviceMs);
        world.after(startAt + options.serviceMs - world.now(), () =>
          execute(
            (value) => back(() => resolve(value)),
            (text) => back(() => reject(new Error(text))),
          ),
        );
      });
    });
  }

  function lock(
    server: Server,
    transaction: Transaction,
    row: string,
    then: () => void,
    fail: (text: string) => void,
  ): void {
    const key = `${server.name}/${row}`;
    if (transaction.locks.has(key)) return then();
    const queue = waitingForLock.get(key);
    if (queue === undefined) {
      waitingForLock.set(key, []);
      transaction.locks.add(key);
      return then();
    }
    let isWaiting = true;
    queue.push(() => {
      if (!isWaiting || transaction.isOver) {
        passOn(key);
        return;
      }
      isWaiting = false;
      transaction.locks.add(key);
      then();
    });
    world.after(lockTimeoutMs, () => {
      if (!isWaiting) return;
      isWaiting = false;
      fail("lock timeout");
    });
  }

  function passOn(key: string): void {
    const next = waitingForLock.get(key)?.shift();
    if (next === undefined) waitingForLock.delete(key);
    else next();
  }

  function end(server: Server, transaction: Transaction): void {
    if (transaction.isOver) return;
    transaction.isOver = true;
    open.get(server)?.delete(transaction);
    for (const key of transaction.locks) passOn(key);
  }

  function begin(server: Server): Transaction {
    const locks = new Set<string>();
    const transaction = { writes: [], locks, isOver: false, statements: 0, row: null };
    open.get(server)?.add(transaction);
    return transaction;
  }

  /** A statement in a transaction; one that is idle for too long is ended by the server. */
  function inTransaction<T>(
    process: Process,
    server: Server,
    transaction: Transaction,
    execute: (answer: (value: T) => void, fail: (text: string) => void) => void,
  ): Promise<T> {
    return send(process, server, (answer, fail) => {
      if (transaction.isOver) return fail("the transaction is over");
      transaction.statements += 1;
      const { statements } = transaction;
      execute(
        (value) => {
          world.after(lockTimeoutMs, () => {
            if (transaction.statements === statements) end(server, transaction);
          });
          answer(value);
        },
        (text) => {
          end(server, transaction);
          fail(text);
        },
      );
    });
  }

  function show(server: Server, commit: Commit): void {
    if (server === primary) commit.visibleAt ??= world.now();
    commit.apply(server.state);
  }

  function replicate(commit: Commit, then: () => void): void {
    world.after(random.between(0.2, 2), () => {
      if (hasFailedOver) return;
      if (isCut || wal[0] !== commit) {
        world.after(5, () => replicate(commit, then));
        return;
      }
      wal.shift();
      commit.isReplicated = true;
      commit.apply(second.state);
      then();
    });
  }

  function commitOn(
    server: Server,
    transaction: Transaction,
    answer: (warning: string | null) => void,
  ): void {
    const { writes } = transaction;
    if (writes.length === 0) {
      end(server, transaction);
      return answer(null);
    }
    const commit: Commit = {
      apply: (state) => writes.forEach((write) => write(state, commit)),
      visibleAt: null,
      isReplicated: false,
    };
    // Committed: the transaction is no longer idle, and its end is the server's affair.
    transaction.statements += 1;
    const showOnce = () => {
      if (transaction.isOver) return;
      show(server, commit);
      if (transaction.row !== null) options.announce(transaction.row);
      end(server, transaction);
    };
    let isAnswered = false;
    const answerOnce = (warning: string | null) => {
      if (isAnswered) return;
      isAnswered = true;
      showOnce();
      answer(warning);
    };
    if (server === second) return answerOnce(null);
    wal.push(commit);
    if (random.chance(options.earlyVisibility)) showOnce();
    if (!hasFailedOver) replicate(commit, () => answerOnce(null));
    world.after(random.between(5, boundMs / 10), () => {
      if (!commit.isReplicated && random.chance(options.cancellation)) {
        answerOnce("the wait for the standby was cancelled");
      }
    });
  }

  function positionOf({ epoch, head }: State): Cursor {
    return { epoch, seq: head.seq, uid: head.uid };
  }

  function find(state: State, tokenId: string): LookUpResult {
    const token = state.tokens.get(tokenId);
    const isGood = token !== undefined && token.revokedBy === null;
    return {
      position: positionOf(state),
      record: isGood ? recordOf(token) : null,
      keepMs: boundMs / 5,
    };
  }

  function readLog({ epoch, log }: State, fromSeq: number | null): LogSlice {
    return { epoch, rows: fromSeq === null ? log.slice(-1) : log.filter((r) => r.seq >= fromSeq) };
  }

  function append(state: State, row: ChangeRow, subject: RevocationSubject, commit: Commit): void {
    state.log.push(row);
    state.log.sort((one, other) => one.seq - other.seq);
    if (row.seq > state.head.seq) state.head = row;
    state.log = state.log.slice(-options.keptRows);
    for (const [id, token] of state.tokens) {
      if (isMeant(subject, token) && token.revokedBy === null) {
        state.tokens.set(id, { ...token, revokedBy: commit });
      }
    }
  }

  function memberStatements(process: Process, server: Server, transaction: Transaction) {
    const statement = <T>(
      execute: (answer: (value: T) => void, fail: (text: string) => void) => void,
    ) => inTransaction(process, server, transaction, execute);
    const write = (state: MemberState, beat: number) => {
      const { incarnation, low, holders } = state;
      transaction.writes.push((written) =>
        written.members.set(incarnation, { incarnation, beat, low, holders }),
      );
    };
    return {
      beat: (wish: MemberState) =>
        statement<boolean>((answer, fail) =>
          lock(
            server,
            transaction,
            wish.incarnation,
            () => {
              const row = server.state.members.get(wish.incarnation);
              if (row !== undefined && !options.faults.renewsWithoutWriting) {
                write(wish, row.beat + 1);
              }
              answer(row !== undefined);
            },
            fail,
          ),
        ),
      register: (wish: MemberState) =>
        statement<void>((answer) => {
          write(wish, 0);
          answer();
        }),
      read: (fromSeq: number | null) =>
        statement<LogSlice>((answer) => answer(readLog(server.state, fromSeq))),
      members: () =>
        statement<readonly Member[]>((answer) => answer([...server.state.members.values()])),
    };
  }

  /** Gives up after the time limit, when the connection is closed. */
  function limited<T>(
    process: Process,
    server: Server,
    transaction: Transaction,
    timeLimitMs: number,
    work: Promise<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const abandon = () =>
        world.after(2, () => {
          // A COMMIT that has been executed is not undone by a closed connection.
          if (!committing.has(transaction)) end(server, transaction);
        });
      const timer = process.edge.timers.set(() => {
        abandon();
        reject(new Error("time limit"));
      }, timeLimitMs);
      const settle = async () => {
        try {
          const value = await work;
          timer.cancel();
          resolve(value);
        } catch (error) {
          timer.cancel();
          abandon();
          reject(error instanceof Error ? error : new Error("failed"));
        }
      };
      void settle();
    });
  }

  function commit(process: Process, server: Server, transaction: Transaction) {
    return send<string | null>(process, server, (answer, fail) => {
      if (transaction.isOver) return fail("the transaction is over");
      committing.add(transaction);
      commitOn(server, transaction, answer);
    });
  }

  async function transact<T>(
    process: Process,
    server: Server,
    timeLimitMs: number,
    work: (transaction: Transaction) => Promise<T>,
  ): Promise<Committed<T>> {
    if ((open.get(server)?.size ?? 0) >= options.slots) throw new Error("too many connections");
    const transaction = begin(server);
    const all = async () => {
      const value = await work(transaction);
      return { value, warning: await commit(process, server, transaction) };
    };
    return limited(process, server, transaction, timeLimitMs, all());
  }

  async function removeRow(
    process: Process,
    server: Server,
    incarnation: string,
    timeLimitMs: number,
    isMeant: (row: Member) => boolean,
  ): Promise<void> {
    await transact(process, server, timeLimitMs, (transaction) =>
      inTransaction<void>(process, server, transaction, (answer, fail) => {
        const remove = () => {
          const row = server.state.members.get(incarnation);
          if (row !== undefined && isMeant(row)) {
            transaction.writes.push((state) => state.members.delete(incarnation));
          }
          answer(undefined);
        };
        lock(server, transaction, incarnation, remove, fail);
      }),
    );
  }

  async function revoke(
    process: Process,
    server: Server,
    transaction: Transaction,
    wish: RevocationWish,
  ): Promise<Revoked | null> {
    const early = options.faults.drawsNumbersOutsideTheLock ? (drawn += 1) : null;
    const position = await inTransaction<Cursor | null>(process, server, transaction, (answer) => {
      const { state } = server;
      const isLeft = [...state.tokens.values()].some(
        (token) => token.revokedBy === null && isMeant(wish, token),
      );
      answer(isLeft ? null : positionOf(state));
    });
    if (position !== null) return { position };
    const row = await inTransaction<ChangeRow>(process, server, transaction, (answer, fail) => {
      const write = () => {
        uids += 1;
        const { kind } = wish;
        const seq = early ?? server.state.head.seq + 1;
        const row = { seq, uid: `u${uids}`, ...namedBy(wish), kind };
        transaction.writes.push((state, by) => append(state, row, wish, by));
        transaction.row = row;
        answer(row);
      };
      if (early === null) lock(server, transaction, "head", write, fail);
      else write();
    });
    return { row, warning: null };
  }

  return {
    first,
    second,
    primary: () => primary,
    register: (process, server, incarnation, timeLimitMs) =>
      transact(process, server, timeLimitMs, async (transaction) => {
        const statements = memberStatements(process, server, transaction);
        const newest = await statements.read(null);
        await statements.register({ incarnation, applied: 0, low: 0, holders: 0 });
        return newest;
      }),
    // One after the other: a flight that is cut anywhere, with anything else between two of its
    // statements, is one of the runs of this.
    renew: (process, server, state, { fromSeq, wantsMembers }, timeLimitMs) =>
      transact(process, server, timeLimitMs, async (transaction) => {
        const statements = memberStatements(process, server, transaction);
        return {
          isMember: await statements.beat(state),
          slice: await statements.read(fromSeq),
          members: wantsMembers ? await statements.members() : null,
        };
      }),
    removeMember: (process, server, incarnation, beat, timeLimitMs) =>
      removeRow(
        process,
        server,
        incarnation,
        timeLimitMs,
        (row) => row.beat === beat || options.faults.removesRowsThatHaveBeaten,
      ),
    removeOwnRow: (process, server, incarnation) =>
      removeRow(process, server, incarnation, boundMs / 2, () => true),
    lookUp(process, server, tokenId) {
      const looked = send<LookUpResult>(process, server, (answer) => {
        answer(find(server.state, tokenId));
      });
      const locks = new Set<string>();
      const statement = { writes: [], locks, isOver: true, statements: 0, row: null };
      return limited(process, server, statement, boundMs / 5, looked);
    },
    lookUpNow(process, server, tokenId) {
      return server.isUp && !process.isIsolated() ? find(server.state, tokenId) : null;
    },
    async revoke(process, server, wish) {
      const { value, warning } = await transact(
        process,
        server,
        boundMs / 2,
        async (transaction) => {
          const revoked = await revoke(process, server, transaction, wish);
          const thinkMs = options.thinkMs * random.next();
          if (thinkMs > 0) await new Promise<void>((go) => process.schedule(thinkMs, go));
          if (wish.rollsBack) throw new Error("rolled back");
          return revoked;
        },
      );
      if (value === null) throw new Error("nothing came of it");
      return "row" in value ? { row: value.row, warning } : value;
    },
    revokedAt: (tokenId) => primary.state.tokens.get(tokenId)?.revokedBy?.visibleAt ?? null,
    cutReplication(cut) {
      isCut = cut;
    },
    failOver(oldLivesOn) {
      if (hasFailedOver) return;
      hasFailedOver = true;
      first.isUp = oldLivesOn;
      second.isStandby = false;
      primary = second;
      for (const token of second.state.tokens.values()) {
        if (token.revokedBy !== null) token.revokedBy.visibleAt ??= world.now();
      }
      wal = [];
    },
  };
}

/** What the row of the log says of it. */
function namedBy({ kind, tokenId, userId }: RevocationSubject) {
  return { tokenId: kind === "token" ? tokenId : null, userId: kind === "all" ? null : userId };
}

function recordOf({ id, userId, expiresAtMs }: StoredToken): NonNullable<LookUpResult["record"]> {
  return {
    tokenId: id,
    kind: "api",
    tokenName: id,
    rights: "full",
    createdAtMs: 0,
    expiresAtMs,
    passwordChangeRequired: false,
    user: { id: userId, email: `${userId}@example.com`, name: userId, isAdmin: false },
  };
}
