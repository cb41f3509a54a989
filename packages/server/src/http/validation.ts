import { ERRORS, type ErrorCode, type Route } from "@conch/contract";
import type { z } from "zod";
import { ApiError } from "../errors.ts";

/**
 * A request's query, parsed by its route's schema.
 *
 * @throws ApiError 400: unknown parameters (one that is ignored once turned "revoke logins" into
 *   "revoke everything"), repeated ones, wrong values.
 */
export function parseQuery(route: Route, url: string): unknown {
  const { query: schema } = route;
  if (schema === undefined) return undefined;
  const start = url.indexOf("?");
  const parameters = new URLSearchParams(start === -1 ? "" : url.slice(start));
  for (const name of parameters.keys()) {
    if (!Object.hasOwn(schema.shape, name)) {
      const message = `unknown query parameter ${JSON.stringify(name)}`;
      throw new ApiError("unknown_parameter", { message });
    }
    if (parameters.getAll(name).length > 1) {
      throw new ApiError("invalid_request", { message: `${name}: given more than once` });
    }
  }
  return parse(schema, Object.fromEntries(parameters), "query");
}

/** A request's body, parsed by its route's schema. @throws ApiError 400 that names the field. */
export function parseBody(route: Route, body: unknown): unknown {
  return route.body === undefined ? undefined : parse(route.body, body, "body");
}

function parse(schema: z.ZodType, value: unknown, part: string): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [first] = result.error.issues;
  if (first === undefined) throw new ApiError("invalid_request");
  const issue = ofClosest(first);
  const place = issue.path.length === 0 ? part : issue.path.join(".");
  throw new ApiError(codeOf(issue), { message: `${place}: ${issue.message}` });
}

/** Where there are alternatives, what is wrong by the closest one: that none fits names no field. */
function ofClosest(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const isOfItsKind = ([fault]: readonly z.core.$ZodIssue[]) =>
    fault?.code !== "invalid_type" || fault.path.length > 0;
  const [closest] = issue.errors.filter(isOfItsKind).toSorted((a, b) => a.length - b.length);
  const [fault] = closest ?? [];
  return fault === undefined ? issue : { ...fault, path: [...issue.path, ...fault.path] };
}

/** A schema of the contract may say which code its fault has. */
function codeOf(issue: z.core.$ZodIssue): ErrorCode {
  const code: unknown = issue.code === "custom" ? issue.params?.["code"] : undefined;
  return typeof code === "string" && Object.hasOwn(ERRORS, code)
    ? (code as ErrorCode)
    : "invalid_request";
}
