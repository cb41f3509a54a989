import { z } from "zod";
import { defineSchema, type OutputOf } from "./schema.ts";
import { defineRoute } from "./route.ts";

/** The server's version, `v` in front as old clients expect. */
export const VersionReply = /* @__PURE__ */ defineSchema(() =>
  z.object({ version: z.string() }).meta({ id: "Version" }),
);
export type VersionReply = OutputOf<typeof VersionReply>;

export const getVersion = /* @__PURE__ */ defineRoute(
  {
    id: "getVersion",
    method: "GET",
    path: "/version",
    summary: "The server's version",
    tag: "system",
    access: "public",
    errors: [],
  },
  () => ({ replies: { 200: VersionReply() } }),
);

export const ping = /* @__PURE__ */ defineRoute(
  {
    id: "ping",
    method: "GET",
    path: "/ping",
    summary: "Whether the server answers",
    tag: "system",
    access: "public",
    errors: [],
  },
  () => ({ replies: { 200: z.object({ status: z.literal("ok") }) } }),
);
