import { z } from "zod";
import { defineSchema, type OutputOf } from "./schema.ts";
import { FlagOff, WaitFlag } from "./common.ts";

/**
 * Which credentials to revoke: neither flag means everything. `auth_only` is what the Go client
 * sends for `login_only`. Unknown parameters are refused: ignoring one once turned "revoke logins"
 * into "revoke everything".
 */
export const RevocationQuery = /* @__PURE__ */ defineSchema(() =>
  z.strictObject({
    api_only: FlagOff(),
    login_only: FlagOff(),
    auth_only: FlagOff(),
    wait: WaitFlag(),
  }),
);

/** What a request with `wait=1` answers: how a revocation is known to be in force. */
export const RevocationReceipt = /* @__PURE__ */ defineSchema(() =>
  z
    .object({
      waited_ms: z
        .number()
        .int()
        .nonnegative()
        .meta({ description: "From the commit, milliseconds" }),
      confirmed: z.number().int().nonnegative().meta({ description: "Holders that applied it" }),
      holders: z.number().int().nonnegative().meta({
        description: "Holders known after the commit, or at the end where those are more",
      }),
      proof: z.enum(["confirmed", "bound"]).meta({
        description:
          "confirmed: every holder applied it, or its lease has ended; " +
          "bound: no lease from before it can be live",
      }),
      bound_ms: z.number().int().positive().meta({ description: "The bound B, milliseconds" }),
    })
    .meta({ id: "RevocationReceipt" }),
);
export type RevocationReceipt = OutputOf<typeof RevocationReceipt>;
