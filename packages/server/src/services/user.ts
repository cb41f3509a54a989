import {
  type ErrorBody,
  type UserBrief,
  type UserDetailed,
  toTimestamp,
  toTimestampOrNull,
} from "@conch/contract";
import type { Kysely } from "kysely";
import { ApiError } from "../errors.ts";
import { UniqueViolationError } from "../store/errors.ts";
import type { Schema, UserRow } from "../store/schema.ts";
import { revokeTokensOfUser } from "../store/token.ts";
import {
  emailKeyOf,
  findActiveUserByEmail,
  findUser,
  insertUser,
  listActiveUsers,
  updateUser,
} from "../store/user.ts";
import type { AccountTools } from "./account-tools.ts";
import { lockAdmin } from "./caller.ts";
import { type Revocation, runRevocation } from "./confirmation.ts";
import type { MailOutcome } from "./mail.ts";
import { accountChangedMail, welcomeMail } from "./mail-texts.ts";
import { lockActiveUser, requireActiveUser, requireUser } from "./user-identifier.ts";
import type { Caller } from "./verification.ts";

/** A user to be made. */
export interface NewUser {
  readonly email: string;
  /** The address where absent. */
  readonly name?: string | undefined;
  /** A random one where absent. */
  readonly password?: string | undefined;
  readonly isAdmin?: boolean | undefined;
}

/** A user just made. */
export interface CreatedUser {
  readonly user: UserBrief;
  /** The value, for the one caller who may show it: the command line on the server itself. */
  readonly password: string;
  readonly mail: MailOutcome | null;
}

/** What may change of a user. */
export interface UserPatch {
  readonly email?: string | undefined;
  readonly name?: string | undefined;
  readonly is_admin?: boolean | undefined;
}

/** Whether to tell the user by mail. */
export interface Notify {
  readonly sendMail: boolean;
}

/** User accounts. Identifiers are those of paths: a UUID or `email=ADDRESS`. */
export interface UserService {
  /** The id of an active user. @throws ApiError 400 `invalid_identifier`, 404. */
  idOf(identifier: string): Promise<string>;
  /** Active users by address. */
  list(): Promise<UserDetailed[]>;
  /** @throws ApiError 400 `invalid_identifier`, 404. */
  get(identifier: string): Promise<UserDetailed>;
  /** The user of that id. @throws ApiError 404. */
  getById(id: string): Promise<UserDetailed>;
  /**
   * @param caller `null`: whoever has the database itself.
   * @throws ApiError 409 `duplicate_user`, 400 `weak_password`.
   */
  create(caller: Caller | null, user: NewUser, notify: Notify): Promise<CreatedUser>;
  /** `null` where nothing changed. @throws ApiError 400, 404, 409. */
  update(
    caller: Caller,
    identifier: string,
    patch: UserPatch,
    notify: Notify,
  ): Promise<{ readonly user: UserDetailed; readonly mail: MailOutcome | null } | null>;
  /** @throws ApiError 400, 404, 410 where it was done before. */
  deactivate(
    caller: Caller,
    identifier: string,
    options: { readonly clearTokens: boolean },
  ): Promise<Revocation>;
}

/** Makes the service. */
export function createUserService(
  options: Pick<
    AccountTools,
    "database" | "clock" | "random" | "hasher" | "policy" | "createPassword" | "mailer"
  >,
): UserService {
  const { database, clock, random, hasher, policy, createPassword, mailer } = options;

  return {
    async idOf(identifier) {
      return (await requireActiveUser(database.db, identifier)).id;
    },

    async list() {
      return (await listActiveUsers(database.db)).map(toUserDetailed);
    },

    async get(identifier) {
      return toUserDetailed(await requireActiveUser(database.db, identifier));
    },

    async getById(id) {
      const user = await findUser(database.db, id);
      if (user === undefined) throw new ApiError("not_found");
      return toUserDetailed(user);
    },

    async create(caller, request, { sendMail }) {
      const { email, name = email } = request;
      // Before the work of hashing; the insertion decides.
      await refuseDuplicate(database.db, email);
      if (request.password !== undefined) await policy.check(request.password, { email, name });
      const password = request.password ?? createPassword();
      const id = random.uuid();
      const row: UserRow = {
        id,
        email,
        email_key: emailKeyOf(email),
        name,
        is_admin: request.isAdmin === true ? 1 : 0,
        created_at_ms: clock.nowMs(),
        last_login_at_ms: null,
        deactivated_at_ms: null,
        refuse_session_auth: 0,
        force_password_change: 0,
        password_hash: await hasher.hash(password),
        password_expires_at_ms: null,
        password_used_at_ms: null,
      };
      const { value: isNew } = await database.write(async (tx) => {
        if (caller !== null) await lockAdmin(tx, caller);
        return { value: await insertUser(tx, row), changes: [] };
      });
      if (!isNew) {
        await refuseDuplicate(database.db, email);
        throw new ApiError("duplicate_user");
      }
      const mail = sendMail ? await mailer.send(welcomeMail(row, password)) : null;
      return { user: { id, email, name }, password, mail };
    },

    async update(caller, identifier, patch, { sendMail }) {
      const { value } = await database
        .write(async (tx) => {
          const before = await lockActiveUser(tx, caller, identifier);
          const changed = changesOf(before, patch);
          if (changed === null) return { value: null, changes: [] };
          const after = { ...before, ...changed };
          if (after.email_key !== before.email_key) await refuseDuplicate(tx, after.email);
          await updateUser(tx, before.id, changed);
          return { value: { before, after }, changes: [{ kind: "user", userId: before.id }] };
        })
        .catch((error: unknown) => {
          // Somebody else took the address in the same moment.
          if (error instanceof UniqueViolationError) throw new ApiError("duplicate_user");
          throw error;
        });
      if (value === null) return null;
      const { before, after } = value;
      const mail = sendMail ? await mailer.send(accountChangedMail(after, after.email)) : null;
      if (sendMail && before.email_key !== after.email_key) {
        await mailer.send(accountChangedMail(after, before.email));
      }
      return { user: toUserDetailed(after), mail };
    },

    async deactivate(caller, identifier, { clearTokens }) {
      const nowMs = clock.nowMs();
      const { revocation } = await runRevocation(database, async (tx) => {
        const { id } = await requireUser(tx, identifier);
        const user = await lockAdmin(tx, caller, id);
        if (user.deactivated_at_ms !== null) throw new ApiError("already_deactivated");
        await updateUser(tx, user.id, { deactivated_at_ms: nowMs });
        if (clearTokens) await revokeTokensOfUser(tx, user.id, ["api", "session"], nowMs);
        return { value: undefined, changes: [{ kind: "user", userId: user.id }] };
      });
      return revocation;
    },
  };
}

async function refuseDuplicate(db: Kysely<Schema>, email: string): Promise<void> {
  const other = await findActiveUserByEmail(db, email);
  if (other !== undefined) throw new ApiError("duplicate_user", { user: toConflict(other) });
}

function toConflict(user: UserRow): NonNullable<ErrorBody["user"]> {
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    created: toTimestamp(user.created_at_ms),
    deactivated: toTimestampOrNull(user.deactivated_at_ms),
  };
}

/** The columns that a patch gives other values; `null` where there are none. */
function changesOf(user: UserRow, patch: UserPatch): Partial<UserRow> | null {
  const { email = user.email, name = user.name, is_admin: wish = user.is_admin === 1 } = patch;
  const isAdmin = wish ? 1 : 0;
  if (email === user.email && name === user.name && isAdmin === user.is_admin) return null;
  return { email, email_key: emailKeyOf(email), name, is_admin: isAdmin };
}

function toUserDetailed(user: UserRow): UserDetailed {
  return {
    id: user.id,
    name: user.name,
    email: user.email,
    created: toTimestamp(user.created_at_ms),
    last_login: toTimestampOrNull(user.last_login_at_ms),
    refuse_session_auth: user.refuse_session_auth === 1,
    force_password_change: user.force_password_change === 1,
    is_admin: user.is_admin === 1,
    workspaces: [],
  };
}
