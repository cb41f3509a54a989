import type { z } from "zod";

/**
 * Declares a schema, which is made when it is first asked for: a command that sends one request
 * needs two or three of the wire's schemas, and making all of them takes longer than the request.
 */
export function defineSchema<S extends z.ZodType>(declare: () => S): () => S {
  let schema: S | undefined;
  return () => (schema ??= declare());
}

/** What a declared schema hands out. */
export type OutputOf<D extends () => z.ZodType> = z.output<ReturnType<D>>;
