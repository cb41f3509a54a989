import { z } from "zod";
import { defineSchema, type OutputOf } from "./schema.ts";
import { NoBody } from "./common.ts";
import { defineRoute } from "./route.ts";

/** What a login answers. Two segments (the signature is in the cookie `jwt_sig`) or, elsewhere, three. */
export const LoginReply = /* @__PURE__ */ defineSchema(() =>
  z
    .object({ jwt_token: z.string().regex(/^[\w-]+\.[\w-]+(\.[\w-]+)?$/) })
    .meta({ id: "LoginReply" }),
);
export type LoginReply = OutputOf<typeof LoginReply>;

/** The cookie that carries the third segment of a login JWT. */
export const SIGNATURE_COOKIE = "jwt_sig";

export const login = /* @__PURE__ */ defineRoute(
  {
    id: "login",
    method: "POST",
    path: "/login",
    summary: "Start a login session",
    tag: "session",
    access: "public",
    errors: ["unauthorized", "too_many_attempts", "overloaded"],
  },
  () => ({
    body: z.strictObject({ user: z.string().min(1), password: z.string().min(1) }),
    replies: { 200: LoginReply() },
  }),
);

export const logout = /* @__PURE__ */ defineRoute(
  {
    id: "logout",
    method: "POST",
    path: "/logout",
    summary: "End this login session and clear its cookie",
    tag: "session",
    access: "public",
    errors: ["revocation_unconfirmed"],
  },
  () => ({
    query: z.strictObject({}),
    body: NoBody(),
    replies: { 204: null },
  }),
);

export const refreshSession = /* @__PURE__ */ defineRoute(
  {
    id: "refreshSession",
    method: "POST",
    path: "/refresh_token",
    summary: "Replace this login session by a new one",
    tag: "session",
    access: "credential",
    errors: ["session_required"],
  },
  () => ({
    body: NoBody(),
    replies: { 200: LoginReply() },
  }),
);

export const checkCredential = /* @__PURE__ */ defineRoute(
  {
    id: "checkCredential",
    method: "GET",
    path: "/me",
    summary: "204 where the credential is good: the cheapest check",
    tag: "session",
    access: "credential",
    head: true,
    errors: [],
  },
  () => ({ replies: { 204: null } }),
);
