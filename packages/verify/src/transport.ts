/** Requests of a verifier to whichever node of the server answers. */
import {
  ChangesReply,
  type Dropped,
  LookUpReply,
  type LookUpRequest,
  type Route,
  type UsageReport,
  lookUpToken,
  parseTimestamp,
  pollChanges,
  reportUsage,
} from "@conch/contract";
import type { Fetch } from "./context.ts";
import type { ChangeSubject, LookUpResult, Timers } from "./core/types.ts";
import type { Poll } from "./core/verifier-lease.ts";
import { readDropped, readText } from "./partial-answer.ts";

/** What a verifier asks of the server. Everything rejects where there is no usable answer. */
export interface Transport {
  readonly poll: Poll;
  /** Whether a poll is under way. The node may have handed out the lease that it asks for. */
  readonly isPolling: () => boolean;
  readonly lookUp: (request: LookUpRequest) => Promise<LookUpResult>;
  readonly report: (report: UsageReport) => Promise<void>;
  /** Tells the node that nobody needs to wait for this holder; best effort. */
  readonly leave: (holder: string) => Promise<void>;
  /** Why the last request failed, for people; `null` where it did not. */
  readonly problem: () => string | null;
  /** Ends whatever is under way. */
  readonly close: () => void;
}

/** What a transport is made of. */
export interface TransportOptions {
  /** Base URLs, tried in turn; a path in them is kept. */
  readonly urls: readonly string[];
  /** The verifier's own token. */
  readonly token: string;
  readonly fetch: Fetch;
  readonly timers: Timers;
}

/** After so many failures in a row at advertised addresses the pauses between attempts grow no more. */
const FAILURES_MAX = 6;

/** How long anything but a poll may take, milliseconds. */
const TIME_LIMIT_MS = 1000;

/** Makes the transport. */
export function createTransport({ urls, token, fetch, timers }: TransportOptions): Transport {
  const limits = createLimits(timers);
  let turn = 0;
  /** The very node that answered the last poll, where it says how it is reached. */
  let nodeUrl: string | null = null;
  /** How often advertised addresses have failed since one last answered. */
  let failures = 0;
  /** So many answers more are to tell of one that is not gone to. */
  let pauses = 0;
  let polls = 0;
  let problem: string | null = null;

  const base = (): string => nodeUrl ?? urls[turn % urls.length] ?? "";

  function moveOn(from: string): void {
    if (from !== base()) return;
    if (nodeUrl === null) {
      turn += 1;
      return;
    }
    nodeUrl = null;
    // A node that restarts is tried again at once, an address that leads nowhere from here every 62 answers.
    failures = Math.min(failures + 1, FAILURES_MAX);
    pauses = 2 ** failures - 2;
  }

  /** @param onText called with what has come so far of an answer that is still coming. */
  async function send<T>(
    route: Route,
    body: unknown,
    timeLimitMs: number,
    read: (value: unknown) => T,
    onText?: (text: string) => void,
  ): Promise<T> {
    const from = base();
    try {
      const text = await limits.run(timeLimitMs, async (signal) => {
        const response = await fetch(`${from}${route.path}`, {
          method: route.method,
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
          body: JSON.stringify(body),
          // A credential is for the host it was meant for.
          redirect: "error",
          signal,
        });
        const text = await readText(response, onText);
        if (!response.ok) throw new Error(`answers ${response.status}`);
        return text;
      });
      const answer = readAnswer(text, read);
      problem = null;
      return answer;
    } catch (error) {
      problem = `${from}: ${reasonOf(error)}`;
      moveOn(from);
      throw error;
    }
  }

  /** An advertised address must not be less protected than the one that told it. */
  function stayWith(advertised: string | null, from: string): void {
    if (advertised === null || base() !== from) return;
    if (from === nodeUrl) failures = 0;
    if (pauses > 0) {
      pauses -= 1;
      return;
    }
    if (from.startsWith("https:") && !advertised.startsWith("https:")) return;
    nodeUrl = advertised.replace(/\/+$/, "");
  }

  return {
    async poll(request, timeLimitMs, tell) {
      const from = base();
      let told = 0;
      const onText = (text: string): void => {
        const dropped = readDropped(text);
        for (const change of dropped.slice(told)) tell(toChangeSubject(change));
        told = Math.max(told, dropped.length);
      };
      const read = (value: unknown) => ChangesReply().parse(value);
      polls += 1;
      const reply = await send(pollChanges, request, timeLimitMs, read, onText).finally(() => {
        polls -= 1;
      });
      stayWith(reply.node_url, from);
      return {
        poll: reply.poll,
        from: reply.from,
        head: reply.head,
        reset: reply.reset,
        rows: reply.rows.map((row) => ({ seq: row.seq, uid: row.uid, ...toChangeSubject(row) })),
        leftMs: reply.left_ms,
        boundMs: reply.bound_ms,
      };
    },
    isPolling: () => polls > 0,
    async lookUp(request) {
      const read = (value: unknown) => LookUpReply().parse(value);
      const once = () => send(lookUpToken, request, TIME_LIMIT_MS, read);
      const isAlone = urls.length === 1 && nodeUrl === null;
      return toResult(await (isAlone ? once() : once().catch(once)));
    },
    async report(report) {
      await send(reportUsage, report, TIME_LIMIT_MS, readNothing);
    },
    async leave(holder) {
      const goodbye = { holder, poll: 0, cursor: null, hold: false, leave: true };
      await send(pollChanges, goodbye, TIME_LIMIT_MS, readNothing).catch(() => null);
    },
    problem: () => problem,
    close: limits.close,
  };
}

/** Ends requests that take too long, and all of them in the end. */
interface Limits {
  run<T>(timeLimitMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  readonly close: () => void;
}

/**
 * By hand: of each signal that `AbortSignal.any` derives from one that lives on, Node keeps something
 * for as long as that lives.
 */
function createLimits(timers: Timers): Limits {
  const underWay = new Set<AbortController>();
  let isClosed = false;
  return {
    async run(timeLimitMs, work) {
      if (isClosed) throw new Error("closed");
      const controller = new AbortController();
      const late = new Error(`does not answer within ${Math.round(timeLimitMs)} ms`);
      const timer = timers.set(() => controller.abort(late), timeLimitMs);
      underWay.add(controller);
      try {
        return await work(controller.signal);
      } finally {
        timer.cancel();
        underWay.delete(controller);
      }
    },
    close() {
      isClosed = true;
      for (const controller of underWay) controller.abort();
    },
  };
}

/** What may stand in the way answers 200, too: a login page, another service. */
function readAnswer<T>(text: string, read: (value: unknown) => T): T {
  try {
    return read(text === "" ? null : JSON.parse(text));
  } catch {
    throw new Error("answers what no server of Conch does");
  }
}

function readNothing(value: unknown): void {
  if (value !== null) throw new Error("a body where there is none");
}

function toChangeSubject({ kind, token_id: tokenId, user_id: userId }: Dropped): ChangeSubject {
  return { kind, tokenId, userId };
}

/** Node's fetch says that it failed; why is its cause, which may have nothing but a code. */
function reasonOf(error: unknown): string {
  const { cause, message, code } = Object(error) as Partial<Error> & { readonly code?: string };
  return cause === undefined ? message || code || "failed" : reasonOf(cause);
}

function toResult({ position, token, keep_ms: keepMs }: LookUpReply): LookUpResult {
  if (token === null) return { position, record: null, keepMs };
  const { user } = token;
  return {
    position,
    keepMs,
    expiresInMs: token.expires_in_ms,
    record: {
      tokenId: token.token_id,
      kind: token.kind,
      tokenName: token.name,
      rights: token.rights,
      createdAtMs: parseTimestamp(token.created) ?? 0,
      expiresAtMs: parseTimestamp(token.expires) ?? 0,
      passwordChangeRequired: token.password_change_required,
      user: { id: user.id, email: user.email, name: user.name, isAdmin: user.is_admin },
    },
  };
}
