import type { z } from "zod";
import type { ErrorCode } from "./error-codes.ts";

/** HTTP methods that routes of this contract use. */
export type Method = "GET" | "POST" | "DELETE";

/**
 * Who may call a route: `public` needs no credential, `credential` any live one with the rights for
 * it, `admin` that of a system administrator.
 */
export type Access = "public" | "credential" | "admin";

/** What a route answers with one status: the body's schema, or `null` where there is no body. */
export type Replies = Readonly<Record<number, z.ZodType | null>>;

/**
 * One route of the wire, as data: the server's validation, the client's types, the OpenAPI document
 * and the test that every route has a command are all made from it.
 */
export interface Route {
  /** camelCase, unique; the OpenAPI `operationId`. */
  readonly id: string;
  readonly method: Method;
  /** HEAD is answered too; without this it is 405. */
  readonly head?: boolean;
  /** Segments in braces are parameters: `/user/me/token/{name}`. */
  readonly path: string;
  readonly summary: string;
  readonly tag: "system" | "session" | "account" | "token" | "administration" | "verification";
  readonly access: Access;
  /** Answered although a password change is due (only the change itself is). */
  readonly allowedBeforePasswordChange?: boolean;
  /** Path parameters, decoded. */
  readonly params?: z.ZodObject;
  /** Query parameters. Strict objects refuse unknown ones; every route that revokes or deletes has one. */
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** How the body is sent; JSON unless the RFC of the route says form. */
  readonly bodyType?: "json" | "form";
  readonly replies: Replies;
  /** Codes beyond those that any route can answer. */
  readonly errors: readonly ErrorCode[];
}

/** The part of a route that is made of schemas. */
type RouteSchemas = Pick<Route, "params" | "query" | "body" | "replies">;

/**
 * Declares a route; keeps its literal types. Its schemas are made when one of them is first asked
 * for, so that a client can send a request before. All arguments are without effects, because a
 * bundler drops an unused call that is marked pure only then: a binary built without a command must
 * not hold the command's route.
 */
export function defineRoute<
  const R extends Omit<Route, keyof RouteSchemas>,
  const S extends RouteSchemas,
>(route: R, declareSchemas: () => S): R & S {
  let made: S | undefined;
  const schemas = () => (made ??= declareSchemas());
  const lazy: { readonly [K in keyof RouteSchemas]: RouteSchemas[K] | undefined } = {
    get params() {
      return schemas().params;
    },
    get query() {
      return schemas().query;
    },
    get body() {
      return schemas().body;
    },
    get replies() {
      return schemas().replies;
    },
  };
  return Object.defineProperties(
    { ...route },
    Object.getOwnPropertyDescriptors(lazy),
  ) as unknown as R & S;
}

type InputOf<S> = S extends z.ZodType ? z.input<S> : undefined;

/** The decoded path parameters that a client passes for a route. */
export type ParamsOf<R extends Route> = InputOf<R["params"]>;
/** The query that a client passes for a route. */
export type QueryOf<R extends Route> = InputOf<R["query"]>;
/** The body that a client passes for a route. */
export type BodyOf<R extends Route> = InputOf<R["body"]>;
/** The body of a successful reply; `undefined` where the route can answer without one. */
export type ReplyOf<R extends Route> = {
  [S in keyof R["replies"]]: R["replies"][S] extends z.ZodType
    ? z.output<R["replies"][S]>
    : undefined;
}[keyof R["replies"]];
