import type { Route } from "@conch/contract";
import type { z } from "zod";
import type { Parts } from "./early-member.ts";
import type { Caller } from "../services/verification.ts";

type OutputOf<S> = S extends z.ZodType ? z.output<S> : undefined;

/** One request, checked: what a handler gets. */
export interface Call<R extends Route = Route> {
  /** Decoded path parameters. */
  readonly params: OutputOf<R["params"]>;
  readonly query: OutputOf<R["query"]>;
  readonly body: OutputOf<R["body"]>;
  /** Who asks; `null` on public routes, where no credential is looked at. */
  readonly caller: R["access"] extends "public" ? null : Caller;
  /** The credential as sent, split login JWTs put together; not checked on public routes. */
  readonly bearer: string | null;
  /** The client's address, a trusted proxy's word taken. */
  readonly clientAddress: string;
}

/** What a handler answers: a status that the contract lists, with its body. */
export type Result<R extends Route = Route> = {
  [S in keyof R["replies"]]: R["replies"][S] extends z.ZodType
    ? { readonly status: S } & (
        | { readonly body: z.input<R["replies"][S]> }
        | { readonly parts: Parts }
      )
    : { readonly status: S };
}[keyof R["replies"]] & {
  readonly headers?: Readonly<Record<string, string>>;
  /** For the log, where the route itself finds out who asks. */
  readonly userId?: string;
};

/** A route of the contract with the function that answers it; what the app registers. */
export interface Implementation {
  readonly route: Route;
  handle(call: UncheckedCall): Promise<UncheckedResult>;
}

/** A call whose parts were parsed by the route's schemas; the types are tied by `implement`. */
export interface UncheckedCall {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly caller: Caller | null;
  readonly bearer: string | null;
  readonly clientAddress: string;
}

/** A result before its body is parsed by the route's reply schema. */
export interface UncheckedResult {
  readonly status: number;
  readonly body?: unknown;
  /** The body where it is sent in parts, in which case it was parsed before. */
  readonly parts?: Parts;
  readonly headers?: Readonly<Record<string, string>>;
  readonly userId?: string;
}

/** Ties a handler to its route: parameters, query, body, caller and reply are typed by it. */
export function implement<R extends Route, const A extends Result<R>>(
  route: R,
  handler: (call: Call<R>) => Promise<A> | A,
): Implementation {
  return {
    route,
    async handle(call) {
      return (await handler(call as Call<R>)) as UncheckedResult;
    },
  };
}

/** An answer without a body. */
export function noContent(headers: Readonly<Record<string, string>> = {}) {
  return { status: 204, headers } as const;
}
