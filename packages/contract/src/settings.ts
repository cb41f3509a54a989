import { z } from "zod";
import { defineSchema } from "./schema.ts";
import { defineRoute } from "./route.ts";

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Free-form settings: any key, any JSON value. Not a zod record, which drops a key named
 * `__proto__`; the parsed object is handed on as it is, and read by its own keys only.
 */
export const Settings = /* @__PURE__ */ defineSchema(() =>
  z
    .unknown()
    .refine(isPlainObject, "must be an object")
    .transform((value) => value as Readonly<Record<string, unknown>>)
    .meta({ id: "Settings", type: "object", additionalProperties: true }),
);
/** Settings by key; read by own keys only. */
export type Settings = Readonly<Record<string, unknown>>;

const SettingParams = /* @__PURE__ */ defineSchema(() => z.object({ key: z.string() }));

export const getSettings = /* @__PURE__ */ defineRoute(
  {
    id: "getSettings",
    method: "GET",
    path: "/user/me/settings",
    summary: "All of one's settings",
    tag: "account",
    access: "credential",
    errors: [],
  },
  () => ({ replies: { 200: Settings() } }),
);

export const replaceSettings = /* @__PURE__ */ defineRoute(
  {
    id: "replaceSettings",
    method: "POST",
    path: "/user/me/settings",
    summary: "Replace all of one's settings",
    tag: "account",
    access: "credential",
    errors: [],
  },
  () => ({
    body: Settings(),
    replies: { 204: null },
  }),
);

export const getSetting = /* @__PURE__ */ defineRoute(
  {
    id: "getSetting",
    method: "GET",
    path: "/user/me/settings/{key}",
    summary: "One setting",
    tag: "account",
    access: "credential",
    errors: [],
  },
  () => ({
    params: SettingParams(),
    replies: { 200: Settings() },
  }),
);

export const setSetting = /* @__PURE__ */ defineRoute(
  {
    id: "setSetting",
    method: "POST",
    path: "/user/me/settings/{key}",
    summary: "Set one setting; the body holds exactly that key",
    tag: "account",
    access: "credential",
    errors: [],
  },
  () => ({
    params: SettingParams(),
    body: Settings(),
    replies: { 204: null },
  }),
);

export const deleteSetting = /* @__PURE__ */ defineRoute(
  {
    id: "deleteSetting",
    method: "DELETE",
    path: "/user/me/settings/{key}",
    summary: "Remove one setting",
    tag: "account",
    access: "credential",
    errors: [],
  },
  () => ({
    params: SettingParams(),
    query: z.strictObject({}),
    replies: { 204: null },
  }),
);
