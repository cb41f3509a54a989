import { z } from "zod";
import { defineSchema, type OutputOf } from "./schema.ts";
import { FlagOn, NoBody, Timestamp, Uuid, WaitFlag } from "./common.ts";
import { defineRoute } from "./route.ts";
import { RevocationQuery, RevocationReceipt } from "./revocation.ts";

/** A user as administrators and the user see it. */
export const UserDetailed = /* @__PURE__ */ defineSchema(() =>
  z
    .object({
      id: Uuid(),
      name: z.string(),
      email: z.string(),
      created: Timestamp(),
      last_login: Timestamp().nullable(),
      refuse_session_auth: z.boolean(),
      force_password_change: z.boolean(),
      is_admin: z.boolean(),
      // Always empty here; old clients expect the field.
      workspaces: z.array(z.unknown()).default([]),
    })
    .meta({ id: "UserDetailed" }),
);
export type UserDetailed = OutputOf<typeof UserDetailed>;

/** A user in the fewest words: what creating one answers. */
export const UserBrief = /* @__PURE__ */ defineSchema(() =>
  z.object({ id: Uuid(), email: z.string(), name: z.string() }).meta({ id: "UserBrief" }),
);
export type UserBrief = OutputOf<typeof UserBrief>;

/** An e-mail address as it is accepted; compared without regard to case. */
export const Email = /* @__PURE__ */ defineSchema(() => z.email().max(254));

/** A person's name. */
export const UserName = /* @__PURE__ */ defineSchema(() =>
  z
    .string()
    .min(1)
    .max(255)
    .refine(
      (name) => !/\p{Cc}/u.test(name) && name.isWellFormed(),
      "must not hold control characters",
    )
    .refine((name) => name.trim() !== "", "must not be blank")
    .refine((name) => name.toLowerCase() !== "me", 'must not be "me"'),
);

/** Checked by the service: its error names the value, as older servers' does. */
const ClearTokens = /* @__PURE__ */ defineSchema(() =>
  z
    .string()
    .optional()
    .meta({
      description:
        "What goes with the old password: `none` (`0`, `no`, `false`), `login_only` (`1`; the default) or " +
        "`all`: login sessions and API tokens",
    }),
);

/**
 * `{user}` in a path: a UUID or `email=ADDRESS`. The shape is checked by the server, after the
 * right to ask, with `invalid identifier format for X`.
 */
export const UserParams = /* @__PURE__ */ defineSchema(() => z.object({ user: z.string() }));

export const getMe = /* @__PURE__ */ defineRoute(
  {
    id: "getMe",
    method: "GET",
    path: "/user/me",
    summary: "The current user",
    tag: "account",
    access: "credential",
    errors: [],
  },
  () => ({ replies: { 200: UserDetailed() } }),
);

export const changePassword = /* @__PURE__ */ defineRoute(
  {
    id: "changePassword",
    method: "POST",
    path: "/user/me/password",
    summary: "Set a new password; ends login sessions, and with clear_tokens=all API tokens too",
    tag: "account",
    access: "credential",
    allowedBeforePasswordChange: true,
    errors: [
      "weak_password",
      "wrong_password",
      "too_many_attempts",
      "overloaded",
      "revocation_unconfirmed",
    ],
  },
  () => ({
    query: z.strictObject({ clear_tokens: ClearTokens(), wait: WaitFlag() }),
    body: z.strictObject({ password: z.string(), current_password: z.string().optional() }),
    replies: { 200: RevocationReceipt(), 204: null },
  }),
);

export const revokeMine = /* @__PURE__ */ defineRoute(
  {
    id: "revokeMine",
    method: "POST",
    path: "/user/me/revoke",
    summary: "Revoke one's API tokens, login sessions, or both",
    tag: "account",
    access: "credential",
    errors: ["conflicting_parameters", "revocation_unconfirmed"],
  },
  () => ({
    query: RevocationQuery(),
    body: NoBody(),
    replies: { 200: RevocationReceipt(), 204: null },
  }),
);

export const listUsers = /* @__PURE__ */ defineRoute(
  {
    id: "listUsers",
    method: "GET",
    path: "/user",
    summary: "All active users",
    tag: "administration",
    access: "admin",
    errors: [],
  },
  () => ({ replies: { 200: z.array(UserDetailed()) } }),
);

export const createUser = /* @__PURE__ */ defineRoute(
  {
    id: "createUser",
    method: "POST",
    path: "/user",
    summary: "Create a user; a password is made and mailed unless one is given or send_mail=0",
    tag: "administration",
    access: "admin",
    errors: ["duplicate_user", "weak_password", "overloaded"],
  },
  () => ({
    query: z.strictObject({ send_mail: FlagOn() }),
    body: z.strictObject({
      email: Email(),
      name: UserName().optional(),
      password: z.string().optional(),
      is_admin: z.boolean().optional(),
    }),
    replies: { 201: UserBrief() },
  }),
);

export const getUser = /* @__PURE__ */ defineRoute(
  {
    id: "getUser",
    method: "GET",
    path: "/user/{user}",
    summary: "One user",
    tag: "administration",
    access: "admin",
    errors: ["invalid_identifier"],
  },
  () => ({
    params: UserParams(),
    replies: { 200: UserDetailed() },
  }),
);

export const updateUser = /* @__PURE__ */ defineRoute(
  {
    id: "updateUser",
    method: "POST",
    path: "/user/{user}",
    summary: "Change a user's address, name or administrator flag",
    tag: "administration",
    access: "admin",
    errors: ["invalid_identifier", "duplicate_user", "revocation_unconfirmed"],
  },
  () => ({
    params: UserParams(),
    query: z.strictObject({ send_mail: FlagOn() }),
    body: z.strictObject({
      email: Email().optional(),
      name: UserName().optional(),
      is_admin: z.boolean().optional(),
    }),
    replies: { 200: UserDetailed(), 204: null },
  }),
);

export const deactivateUser = /* @__PURE__ */ defineRoute(
  {
    id: "deactivateUser",
    method: "DELETE",
    path: "/user/{user}",
    summary: "Deactivate a user; their credentials are refused from then on",
    tag: "administration",
    access: "admin",
    errors: ["invalid_identifier", "already_deactivated", "revocation_unconfirmed"],
  },
  () => ({
    params: UserParams(),
    query: z.strictObject({ clear_tokens: FlagOn(), wait: WaitFlag() }),
    replies: { 200: RevocationReceipt(), 204: null },
  }),
);

export const revokeUser = /* @__PURE__ */ defineRoute(
  {
    id: "revokeUser",
    method: "POST",
    path: "/user/{user}/revoke",
    summary: "Revoke a user's API tokens, login sessions, or both",
    tag: "administration",
    access: "admin",
    errors: ["invalid_identifier", "conflicting_parameters", "revocation_unconfirmed"],
  },
  () => ({
    params: UserParams(),
    query: RevocationQuery().extend({ send_mail: FlagOn() }),
    body: NoBody(),
    replies: { 200: RevocationReceipt(), 204: null },
  }),
);

export const resetPassword = /* @__PURE__ */ defineRoute(
  {
    id: "resetPassword",
    method: "DELETE",
    path: "/user/{user}/password",
    summary: "Give a user a random one-time password and mail it",
    tag: "administration",
    access: "admin",
    errors: ["invalid_identifier", "overloaded", "revocation_unconfirmed"],
  },
  () => ({
    params: UserParams(),
    query: z.strictObject({
      clear_tokens: ClearTokens(),
      send_password_reset_mail: FlagOn(),
      wait: WaitFlag(),
    }),
    replies: { 200: RevocationReceipt(), 204: null },
  }),
);
