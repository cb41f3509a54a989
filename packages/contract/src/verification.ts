import { z } from "zod";
import { defineSchema, type OutputOf } from "./schema.ts";
import { Timestamp, Uuid } from "./common.ts";
import { defineRoute } from "./route.ts";
import { Rights } from "./token.ts";

/** Response headers of `GET /verify`: ASCII; anything else is UTF-8, percent-encoded. */
export const VERIFY_HEADERS = {
  userId: "x-conch-user-id",
  userEmail: "x-conch-user-email",
  tokenName: "x-conch-token-name",
  /** `true` or `false`. */
  admin: "x-conch-admin",
  /** `full` or `read`; what the service in front of which this stands may let the caller do. */
  rights: "x-conch-token-rights",
} as const;

const PLAIN_VALUE = /^(?! )[\x20-\x24\x26-\x7e]*(?<! )$/;

/**
 * A value as it stands in a header of `GET /verify`: printable ASCII as it is, the rest of UTF-8,
 * `%` itself, and spaces at either end, which HTTP would drop, percent-encoded.
 * `decodeURIComponent` turns it back.
 */
export function toHeaderValue(text: string): string {
  if (PLAIN_VALUE.test(text)) return text;
  return text.toWellFormed().replaceAll(/[^\x20-\x7e]+|%|^ +| +$/gu, encodeURIComponent);
}

/** Forward authentication: `auth_request` of nginx, `forwardAuth` of Traefik, and their like. */
export const verifyCredential = /* @__PURE__ */ defineRoute(
  {
    id: "verifyCredential",
    method: "GET",
    head: true,
    path: "/verify",
    summary: "Whether the credential is good, for a proxy in front of a service; no body",
    tag: "verification",
    access: "credential",
    errors: ["insufficient_rights", "verification_unavailable"],
  },
  () => ({
    query: z.strictObject({
      rights: Rights()
        .exclude(["verify"])
        .optional()
        .meta({ description: "The rights that the service needs: read (default) or full" }),
    }),
    replies: { 200: null },
  }),
);

/** The form of RFC 7662, section 2.1. The hint is accepted and needed for nothing. */
const TokenForm = /* @__PURE__ */ defineSchema(() =>
  z.object({ token: z.string().min(1), token_type_hint: z.string().optional() }),
);

/** RFC 7662, section 2.2: nothing but `active` where the token is dead, unknown or malformed. */
export const Introspection = /* @__PURE__ */ defineSchema(() =>
  z
    .union([
      z.strictObject({ active: z.literal(false) }),
      z.strictObject({
        active: z.literal(true),
        token_type: z.literal("Bearer"),
        scope: Rights().meta({ description: "The token's rights" }),
        sub: Uuid().meta({ description: "The user's id" }),
        username: z.string().meta({ description: "The user's e-mail address" }),
        iss: z.string(),
        iat: z.number().int().meta({ description: "Seconds since the epoch" }),
        exp: z.number().int().meta({ description: "Seconds since the epoch" }),
        user_name: z.string(),
        token_name: z.string().meta({ description: "Empty for a login session" }),
        admin: z.boolean(),
      }),
    ])
    .meta({ id: "Introspection" }),
);
export type Introspection = OutputOf<typeof Introspection>;

/** RFC 7662. The caller's token has the rights `verify` or `full`. */
export const introspect = /* @__PURE__ */ defineRoute(
  {
    id: "introspect",
    method: "POST",
    path: "/introspect",
    summary: "What a token stands for (RFC 7662)",
    tag: "verification",
    access: "credential",
    bodyType: "form",
    errors: ["insufficient_rights", "verification_unavailable"],
  },
  () => ({
    body: TokenForm(),
    replies: { 200: Introspection() },
  }),
);

/** RFC 7009: whoever holds a token may revoke it; 200 for unknown ones too. */
export const revokeToken = /* @__PURE__ */ defineRoute(
  {
    id: "revokeToken",
    method: "POST",
    path: "/oauth/revoke",
    summary: "Revoke the token that is sent (RFC 7009)",
    tag: "verification",
    access: "public",
    bodyType: "form",
    errors: ["revocation_unconfirmed"],
  },
  () => ({
    query: z.strictObject({}),
    body: TokenForm(),
    replies: { 200: null },
  }),
);

/** RFC 8414, as far as a server without authorization and token endpoints has something to say. */
export const ServerMetadata = /* @__PURE__ */ defineSchema(() =>
  z
    .object({
      issuer: z.url(),
      introspection_endpoint: z.url(),
      introspection_endpoint_auth_methods_supported: z.array(z.literal("Bearer")),
      revocation_endpoint: z.url(),
      revocation_endpoint_auth_methods_supported: z.array(z.literal("none")),
      response_types_supported: z.array(z.string()).max(0),
      grant_types_supported: z.array(z.string()).max(0),
      scopes_supported: z.array(Rights()),
      service_documentation: z.url().optional(),
    })
    .meta({ id: "ServerMetadata" }),
);
export type ServerMetadata = OutputOf<typeof ServerMetadata>;

export const getServerMetadata = /* @__PURE__ */ defineRoute(
  {
    id: "getServerMetadata",
    method: "GET",
    path: "/.well-known/oauth-authorization-server",
    summary: "Where to introspect and to revoke (RFC 8414)",
    tag: "verification",
    access: "public",
    errors: [],
  },
  () => ({ replies: { 200: ServerMetadata() } }),
);

/** A place in the change log: which log, which row, and the row's random name. */
export const LogPosition = /* @__PURE__ */ defineSchema(() =>
  z
    .object({
      epoch: z.string().min(1).max(64),
      seq: z.number().int().nonnegative(),
      uid: z.string().min(1).max(64),
    })
    .meta({ id: "LogPosition" }),
);
export type LogPosition = OutputOf<typeof LogPosition>;

/** A row of the change log: what can no longer be told from memory. */
export const LogRow = /* @__PURE__ */ defineSchema(() =>
  z
    .object({
      seq: z.number().int().positive(),
      uid: z.string(),
      kind: z.enum(["token", "user", "all"]),
      token_id: z.string().nullable(),
      user_id: z.string().nullable(),
    })
    .meta({ id: "LogRow" }),
);
export type LogRow = OutputOf<typeof LogRow>;

/** What was dropped before the log could tell why. */
export const Dropped = /* @__PURE__ */ defineSchema(() =>
  LogRow().omit({ seq: true, uid: true }).meta({ id: "Dropped" }),
);
export type Dropped = OutputOf<typeof Dropped>;

const ChangesRequest = /* @__PURE__ */ defineSchema(() =>
  z.strictObject({
    holder: z
      .string()
      .min(16)
      .max(64)
      .meta({ description: "Random, fresh for each process that verifies" }),
    poll: z
      .number()
      .int()
      .nonnegative()
      .meta({ description: "Counts up; comes back in the answer" }),
    cursor: LogPosition().nullable().meta({ description: "The last row applied; null at first" }),
    hold: z.boolean().meta({
      description: "Whether an answer without news may be held back, for B/10 at most",
    }),
    leave: z.literal(true).optional().meta({
      description: "The holder has ended its lease and need not be waited for any more: 204",
    }),
  }),
);
export type ChangesRequest = OutputOf<typeof ChangesRequest>;

/** What happened since the cursor, and how long that is a fact. */
export const ChangesReply = /* @__PURE__ */ defineSchema(() =>
  z
    .object({
      dropped: z.array(Dropped()).optional().meta({
        description:
          "Sent ahead of the rest, as soon as a commit is heard of: forget these. It proves nothing",
      }),
      poll: z.number().int().nonnegative().meta({ description: "That of the request" }),
      from: LogPosition().nullable().meta({ description: "The cursor of the request" }),
      head: LogPosition().meta({ description: "The last of the rows; the new cursor" }),
      reset: z.boolean().meta({
        description: "The cursor is of another history or forgotten: forget all, go on from head",
      }),
      rows: z.array(LogRow()).meta({ description: "In order, without gaps; none with reset" }),
      left_ms: z.number().int().nonnegative().meta({
        description: "How long, from before the request was sent, the answer may be relied on",
      }),
      bound_ms: z.number().int().positive().meta({ description: "The bound B" }),
      node_url: z.url().nullable().meta({
        description: "Where this very node is reached, for later requests; null: as before",
      }),
    })
    .meta({ id: "ChangesReply" }),
);
export type ChangesReply = OutputOf<typeof ChangesReply>;

/**
 * The change feed: a long poll, answered at once where there are rows, else after B/10. The caller's
 * token has the rights `verify` or `full`. An answer may begin with `dropped`, whose elements are sent
 * one by one; where nothing but `dropped` follows, it cannot be known now, as with 503.
 */
export const pollChanges = /* @__PURE__ */ defineRoute(
  {
    id: "pollChanges",
    method: "POST",
    path: "/changes",
    summary: "What was revoked or changed since, and a lease on that",
    tag: "verification",
    access: "credential",
    errors: ["insufficient_rights", "verification_unavailable"],
  },
  () => ({
    body: ChangesRequest(),
    replies: { 200: ChangesReply(), 204: null },
  }),
);

/** What a verification decides by and returns. */
export const TokenFacts = /* @__PURE__ */ defineSchema(() =>
  z
    .object({
      token_id: z.string(),
      kind: z.enum(["api", "session"]),
      name: z.string(),
      rights: Rights(),
      created: Timestamp(),
      expires: Timestamp(),
      expires_in_ms: z.number().int().meta({ description: "The same, by the node's clock" }),
      password_change_required: z.boolean(),
      user: z.object({
        id: Uuid(),
        email: z.string(),
        name: z.string(),
        is_admin: z.boolean(),
      }),
    })
    .meta({ id: "TokenFacts" }),
);
export type TokenFacts = OutputOf<typeof TokenFacts>;

/**
 * By the SHA-256 of an API token (base64url without padding), so that its value stays where it is;
 * a login session by its whole JWT, which only the server can check. `seq`: the answer must not be
 * older than that row of the log.
 */
const LookUpRequest = /* @__PURE__ */ defineSchema(() =>
  z.union([
    z.strictObject({
      hash: z.string().regex(/^[\w-]{43}$/),
      seq: z.number().int().nonnegative(),
    }),
    z.strictObject({
      token: z.string().min(1).max(4096),
      seq: z.number().int().nonnegative(),
    }),
  ]),
);
export type LookUpRequest = OutputOf<typeof LookUpRequest>;

/** What a single token is, and as of which row of the log. */
export const LookUpReply = /* @__PURE__ */ defineSchema(() =>
  z
    .object({
      position: LogPosition().meta({ description: "The row of the log as of which this is true" }),
      token: TokenFacts().nullable().meta({ description: "null: dead, unknown or malformed" }),
      keep_ms: z.number().int().nonnegative().meta({
        description: "How long, from before the request was sent, a null may be kept",
      }),
    })
    .meta({ id: "LookUpReply" }),
);
export type LookUpReply = OutputOf<typeof LookUpReply>;

/** What a verifier asks for a token that it has not seen. Rights `verify` or `full`. */
export const lookUpToken = /* @__PURE__ */ defineRoute(
  {
    id: "lookUpToken",
    method: "POST",
    path: "/lookup",
    summary: "The facts of one token, with their place in the change log",
    tag: "verification",
    access: "credential",
    errors: ["insufficient_rights", "verification_unavailable"],
  },
  () => ({
    body: LookUpRequest(),
    replies: { 200: LookUpReply() },
  }),
);

/** Most uses in one report. */
export const USES_MAX = 1000;

const UsageReport = /* @__PURE__ */ defineSchema(() =>
  z.strictObject({
    uses: z
      .array(
        z.strictObject({
          token_id: Uuid(),
          age_ms: z.number().int().nonnegative().meta({
            description:
              "How long ago, when the report was sent; verifiers' clocks are not believed",
          }),
        }),
      )
      .max(USES_MAX),
  }),
);
export type UsageReport = OutputOf<typeof UsageReport>;

/** Keeps `last_used` true for tokens that verifiers accept. Rights `verify` or `full`. */
export const reportUsage = /* @__PURE__ */ defineRoute(
  {
    id: "reportUsage",
    method: "POST",
    path: "/usage",
    summary: "When tokens were last used",
    tag: "verification",
    access: "credential",
    errors: ["insufficient_rights"],
  },
  () => ({
    body: UsageReport(),
    replies: { 204: null },
  }),
);
