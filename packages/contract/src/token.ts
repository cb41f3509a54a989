import { z } from "zod";
import { defineSchema, type OutputOf } from "./schema.ts";
import type { ErrorCode } from "./error-codes.ts";
import { Timestamp, WaitFlag } from "./common.ts";
import { RevocationReceipt } from "./revocation.ts";
import { defineRoute } from "./route.ts";
import { UserParams } from "./user.ts";

/**
 * What a token may do: `full` is all that its user may do, `read` the GET routes only, `verify` to
 * introspect and to follow the change feed and nothing else.
 */
export const Rights = /* @__PURE__ */ defineSchema(() =>
  z.enum(["full", "read", "verify"]).meta({ id: "Rights" }),
);
export type Rights = OutputOf<typeof Rights>;

/** The longest token name, in Unicode code points. */
export const TOKEN_NAME_LENGTH_MAX = 255;

/** Why a text cannot be the name of a token, or `null` where it can. */
export function tokenNameFault(name: string): string | null {
  if (name === "") return "must not be empty";
  if (!name.isWellFormed()) return "must not hold lone surrogates";
  if (Array.from(name).length > TOKEN_NAME_LENGTH_MAX) {
    return `must not be longer than ${TOKEN_NAME_LENGTH_MAX} characters`;
  }
  if (/\p{Cc}/u.test(name)) return "must not hold control characters";
  if (/^\s*$/u.test(name)) return "must not be only white space";
  if (name === "." || name === "..") return 'must not be "." or ".."';
  if (name.startsWith("login_jwt_")) return 'must not start with "login_jwt_"';
  return null;
}

/** The name of an API token: stored as sent, case-sensitive, without normalisation. */
export const TokenName = /* @__PURE__ */ defineSchema(() =>
  z
    .string()
    .superRefine((name, context) => {
      const fault = tokenNameFault(name);
      if (fault !== null) {
        const code: ErrorCode = "invalid_token_name";
        context.addIssue({ code: "custom", message: fault, params: { code } });
      }
    })
    .meta({ minLength: 1, maxLength: TOKEN_NAME_LENGTH_MAX }),
);

/** An API token without its value, which only its creation ever shows. */
export const UserToken = /* @__PURE__ */ defineSchema(() =>
  z
    .object({
      name: z.string(),
      created: Timestamp(),
      last_used: Timestamp().nullable(),
      expires: Timestamp(),
      // Absent on old servers, where every token is what we call `full`.
      rights: Rights().optional(),
    })
    .meta({ id: "UserToken" }),
);
export type UserToken = OutputOf<typeof UserToken>;

/** A token just made, with its value. */
export const NewUserToken = /* @__PURE__ */ defineSchema(() =>
  UserToken()
    .extend({ token: z.string().min(1) })
    .meta({
      id: "NewUserToken",
    }),
);
export type NewUserToken = OutputOf<typeof NewUserToken>;

/**
 * `{name}` in a path. Any text here: a name that cannot exist is simply not found (404), and is
 * never sent by our client (`tokenNameFault`).
 */
const TokenParams = /* @__PURE__ */ defineSchema(() => z.object({ name: z.string() }));
const UserTokenParams = /* @__PURE__ */ defineSchema(() =>
  UserParams().extend({ name: z.string() }),
);
const RemovalQuery = /* @__PURE__ */ defineSchema(() => z.strictObject({ wait: WaitFlag() }));

export const listMyTokens = /* @__PURE__ */ defineRoute(
  {
    id: "listMyTokens",
    method: "GET",
    path: "/user/me/token",
    summary: "One's API tokens by name; expired ones stay for 30 days",
    tag: "token",
    access: "credential",
    errors: [],
  },
  () => ({ replies: { 200: z.array(UserToken()) } }),
);

export const createMyToken = /* @__PURE__ */ defineRoute(
  {
    id: "createMyToken",
    method: "POST",
    path: "/user/me/token",
    summary: "Create an API token; its value is in this reply and nowhere else, ever",
    tag: "token",
    access: "credential",
    errors: ["name_in_use", "invalid_token_name", "invalid_expiry"],
  },
  () => ({
    body: z.strictObject({
      name: TokenName(),
      expires: Timestamp().optional(),
      rights: Rights().optional(),
    }),
    replies: { 201: NewUserToken() },
  }),
);

export const getMyToken = /* @__PURE__ */ defineRoute(
  {
    id: "getMyToken",
    method: "GET",
    path: "/user/me/token/{name}",
    summary: "One of one's API tokens",
    tag: "token",
    access: "credential",
    errors: [],
  },
  () => ({
    params: TokenParams(),
    replies: { 200: UserToken() },
  }),
);

export const removeMyToken = /* @__PURE__ */ defineRoute(
  {
    id: "removeMyToken",
    method: "DELETE",
    path: "/user/me/token/{name}",
    summary: "Remove one of one's API tokens",
    tag: "token",
    access: "credential",
    errors: ["revocation_unconfirmed"],
  },
  () => ({
    params: TokenParams(),
    query: RemovalQuery(),
    replies: { 200: RevocationReceipt(), 204: null },
  }),
);

export const listUserTokens = /* @__PURE__ */ defineRoute(
  {
    id: "listUserTokens",
    method: "GET",
    path: "/user/{user}/token",
    summary: "A user's API tokens by name",
    tag: "administration",
    access: "admin",
    errors: ["invalid_identifier"],
  },
  () => ({
    params: UserParams(),
    replies: { 200: z.array(UserToken()) },
  }),
);

export const getUserToken = /* @__PURE__ */ defineRoute(
  {
    id: "getUserToken",
    method: "GET",
    path: "/user/{user}/token/{name}",
    summary: "One of a user's API tokens",
    tag: "administration",
    access: "admin",
    errors: ["invalid_identifier"],
  },
  () => ({
    params: UserTokenParams(),
    replies: { 200: UserToken() },
  }),
);

export const removeUserToken = /* @__PURE__ */ defineRoute(
  {
    id: "removeUserToken",
    method: "DELETE",
    path: "/user/{user}/token/{name}",
    summary: "Remove one of a user's API tokens",
    tag: "administration",
    access: "admin",
    errors: ["invalid_identifier", "revocation_unconfirmed"],
  },
  () => ({
    params: UserTokenParams(),
    query: RemovalQuery(),
    replies: { 200: RevocationReceipt(), 204: null },
  }),
);
