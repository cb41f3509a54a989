import type { Kysely } from "kysely";
import { ApiError } from "../errors.ts";
import type { Schema, UserRow } from "../store/schema.ts";
import { findActiveUserByEmail, findDeactivatedUserByEmail, findUser } from "../store/user.ts";
import { lockAdmin } from "./caller.ts";
import type { Caller } from "./verification.ts";

/** A UUID in its canonical form, in either case. */
export const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

const EMAIL_PREFIX = "email=";

/** Whether the text could be an address; what could not is never asked of the database. */
export function isAddress(text: string): boolean {
  return /^[^@\s\p{Cc}]+@[^@\s\p{Cc}]+$/u.test(text);
}

/** `{user}` of a path: a UUID or `email=ADDRESS`. */
function parseIdentifier(text: string): { readonly id: string } | { readonly email: string } {
  if (UUID.test(text)) return { id: text.toLowerCase() };
  const email = text.startsWith(EMAIL_PREFIX) ? text.slice(EMAIL_PREFIX.length) : "";
  if (isAddress(email)) return { email };
  throw new ApiError("invalid_identifier", { message: `invalid identifier format for ${text}` });
}

/**
 * The active user whom a path names.
 *
 * @throws ApiError 400 `invalid_identifier`, 404; deactivated users are not found.
 */
export async function requireActiveUser(db: Kysely<Schema>, identifier: string): Promise<UserRow> {
  const user = await findActiveUser(db, identifier);
  if (user === undefined) throw new ApiError("not_found");
  return user;
}

async function findActiveUser(
  db: Kysely<Schema>,
  identifier: string,
): Promise<UserRow | undefined> {
  const parsed = parseIdentifier(identifier);
  if ("email" in parsed) return findActiveUserByEmail(db, parsed.email);
  const user = await findUser(db, parsed.id);
  return user?.deactivated_at_ms === null ? user : undefined;
}

/**
 * The same for an administrator's change of theirs: the row is locked until the end of the transaction.
 * Where there is none, the administrator's is: who was deactivated is not found, and that too is only
 * told with a commit that wrote something.
 *
 * @throws ApiError also 401, 403 where the caller is no administrator any more.
 */
export async function lockActiveUser(
  tx: Kysely<Schema>,
  caller: Caller,
  identifier: string,
): Promise<UserRow> {
  const found = await findActiveUser(tx, identifier);
  const user = await lockAdmin(tx, caller, found?.id);
  if (found === undefined || user.deactivated_at_ms !== null) throw new ApiError("not_found");
  return user;
}

/** The same as the first, a deactivated one where no active one is named so. */
export async function requireUser(db: Kysely<Schema>, identifier: string): Promise<UserRow> {
  const parsed = parseIdentifier(identifier);
  const user =
    "id" in parsed
      ? await findUser(db, parsed.id)
      : ((await findActiveUserByEmail(db, parsed.email)) ??
        (await findDeactivatedUserByEmail(db, parsed.email)));
  if (user === undefined) throw new ApiError("not_found");
  return user;
}
