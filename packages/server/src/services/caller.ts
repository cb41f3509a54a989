/** The caller once more, from within the transaction that acts on their word. */
import type { Kysely } from "kysely";
import { ApiError } from "../errors.ts";
import type { Schema, UserRow } from "../store/schema.ts";
import { isUnrevoked } from "../store/token.ts";
import { lockUser } from "../store/user.ts";
import type { Caller } from "./verification.ts";

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
  const row = await lockUser(tx, user.id);
  const isRefused = token.kind === "session" && row?.refuse_session_auth === 1;
  if (row?.deactivated_at_ms !== null || isRefused || !(await isUnrevoked(tx, token.id))) {
    throw new ApiError("unauthorized");
  }
  return row;
}
