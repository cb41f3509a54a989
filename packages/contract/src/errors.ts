import { z } from "zod";
import { defineSchema, type OutputOf } from "./schema.ts";
import { Timestamp, Uuid } from "./common.ts";

/** The account that stands in the way of a `duplicate_user`. */
export const ConflictingUser = /* @__PURE__ */ defineSchema(() =>
  z.object({
    id: Uuid(),
    email: z.string(),
    name: z.string(),
    created: Timestamp(),
    deactivated: Timestamp().nullable(),
  }),
);

/** The body of every error. Old servers send `error` alone. */
export const ErrorBody = /* @__PURE__ */ defineSchema(() =>
  z
    .object({
      error: z.string().meta({
        description: "What happened, for people; `invalid_request` where there is a description",
      }),
      error_description: z.string().optional().meta({
        description: "What happened, for people, with status 400 of the OAuth routes (RFC 6749)",
      }),
      code: z.string().optional().meta({ description: "What happened, for programs; stable" }),
      request_id: z.string().optional(),
      user: ConflictingUser().optional(),
    })
    .meta({ id: "Error" }),
);
export type ErrorBody = OutputOf<typeof ErrorBody>;
