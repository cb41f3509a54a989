/** The caller once more, as the database itself knows them. */
import type { Kysely } from "kysely";
import { ApiError } from "../errors.ts";
import type { Schema, UserRow } from "../store/schema.ts";
import { isUnrevoked } from "../store/token.ts";
import { findUser, lockUser } from "../store/user.ts";
import type { Caller, VerifiedToken } from "./verification.ts";

/**
 * The caller's user, whose credentials nobody else makes or takes away before the transaction ends.
 *
 * A request is let in by what this node knew then, which may be as old as the bound. Whatever makes
 * a new credential must ask the database itself, or a revoked one could outlive its revocation in
 * the one that it made.
 *
 * @throws ApiError 401 where the credential or its user was taken away since.
 */
export async function lockCaller(tx: Kysely<Schema>, { user, token }: Caller): Promise<UserRow> {
  return requireLive(tx, await lockUser(tx, user.id), token);
}

/**
 * Asks the database itself whether the caller is still an administrator, before anything of others is
 * changed on their word: an account, or a password, would outlive the revocation of its maker.
 *
 * @throws ApiError 401 as above; 403 where the caller is no administrator any more.
 */
export async function confirmAdmin(db: Kysely<Schema>, { user, token }: Caller): Promise<void> {
  const row = await requireLive(db, await findUser(db, user.id), token);
  if (row.is_admin === 0) throw new ApiError("admin_required");
}

/**
 * Asks once more in the transaction that changes somebody, or makes an account: the request may have
 * been under way for long, and what was taken from the administrator meanwhile has been acknowledged.
 *
 * @param targetId whose row is locked too; both in one order, so that two administrators who change
 *   each other do not wait for each other for ever.
 * @returns the target's row. @throws ApiError 401, 403, 404.
 */
export async function lockAdmin(
  tx: Kysely<Schema>,
  caller: Caller,
  targetId = caller.user.id,
): Promise<UserRow> {
  const rows = new Map<string, UserRow | undefined>();
  for (const id of [caller.user.id, targetId].sort()) {
    if (!rows.has(id)) rows.set(id, await lockUser(tx, id));
  }
  const admin = await requireLive(tx, rows.get(caller.user.id), caller.token);
  if (admin.is_admin === 0) throw new ApiError("admin_required");
  const target = rows.get(targetId);
  if (target === undefined) throw new ApiError("not_found");
  return target;
}

async function requireLive(
  db: Kysely<Schema>,
  row: UserRow | undefined,
  token: VerifiedToken,
): Promise<UserRow> {
  const isRefused = token.kind === "session" && row?.refuse_session_auth === 1;
  if (row?.deactivated_at_ms !== null || isRefused || !(await isUnrevoked(db, token.id))) {
    throw new ApiError("unauthorized");
  }
  return row;
}
