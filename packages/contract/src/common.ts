import { z } from "zod";
import { defineSchema } from "./schema.ts";

/** RFC 3339 with a zone; ours are UTC with `Z` and milliseconds, old servers' have microseconds. */
export const Timestamp = /* @__PURE__ */ defineSchema(() =>
  z.iso.datetime({ offset: true }).meta({ id: "Timestamp" }),
);

/** A UUID in its canonical form, any version. */
export const Uuid = /* @__PURE__ */ defineSchema(() => z.guid());

const FLAG_VALUES: Readonly<Record<string, boolean>> = {
  "0": false,
  false: false,
  no: false,
  "1": true,
  true: true,
  yes: true,
  "": true,
};

/** A query flag: `1`, `true`, `yes` or nothing after the name; `0`, `false`, `no`. */
export const Flag = /* @__PURE__ */ defineSchema(() =>
  z
    .string()
    .refine((text) => Object.hasOwn(FLAG_VALUES, text), "must be 0 or 1")
    .transform((text) => FLAG_VALUES[text] === true)
    .meta({ description: "0 or 1" }),
);

/** The same, `true` where it is absent. */
export const FlagOn = /* @__PURE__ */ defineSchema(() =>
  Flag()
    .optional()
    .transform((value) => value ?? true),
);

/** The same, `false` where it is absent. */
export const FlagOff = /* @__PURE__ */ defineSchema(() =>
  Flag()
    .optional()
    .transform((value) => value ?? false),
);

/** `wait` of every route that takes something away. */
export const WaitFlag = /* @__PURE__ */ defineSchema(() =>
  FlagOff().meta({
    description: "Answer only when the revocation is known to be in force everywhere",
  }),
);

/** No body at all, `null` or `{}`: what clients send where nothing is needed. */
export const NoBody = /* @__PURE__ */ defineSchema(() =>
  z.union([z.undefined(), z.null(), z.strictObject({})]),
);
