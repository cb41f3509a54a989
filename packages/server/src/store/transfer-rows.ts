/** How each table's rows are written in an export. */
import type { Schema } from "./schema.ts";

/** How a column's value is written, and what is accepted when it is read. */
interface Codec {
  readonly encode: (value: unknown) => unknown;
  /** @throws TypeError */
  readonly decode: (value: unknown) => unknown;
}

function codec(accepts: (value: unknown) => boolean): Codec {
  return {
    encode: (value) => value,
    decode(value) {
      if (!accepts(value)) throw new TypeError("is of the wrong type");
      return value;
    },
  };
}

const text = codec((value) => typeof value === "string" && !value.includes("\0"));
const integer = codec(Number.isSafeInteger);
const bit = codec((value) => value === 0 || value === 1);
const bytes: Codec = {
  encode: (value) => Buffer.from(value as Uint8Array).toString("base64"),
  decode(value) {
    const decoded = typeof value === "string" ? Buffer.from(value, "base64") : Buffer.alloc(0);
    if (decoded.toString("base64") !== value) throw new TypeError("is not base64");
    return new Uint8Array(decoded);
  },
};

function nullable(inner: Codec): Codec {
  return {
    encode: (value) => (value === null ? null : inner.encode(value)),
    decode: (value) => (value === null ? null : inner.decode(value)),
  };
}

/** The tables that are transferred. */
export type TransferredTable = Exclude<keyof Schema, "change_head" | "change_log" | "member">;

interface TableCodec {
  /** The primary key. */
  readonly key: readonly string[];
  readonly columns: Readonly<Record<string, Codec>>;
}

type TableCodecs = {
  readonly [Table in TransferredTable]: TableCodec & {
    readonly columns: Readonly<Record<keyof Schema[Table], Codec>>;
  };
};

/** Each table's key and columns; no row refers to a table that comes later. */
export const TRANSFERRED: TableCodecs = {
  configuration: { key: ["key"], columns: { key: text, value: text } },
  user_account: {
    key: ["id"],
    columns: {
      id: text,
      email: text,
      email_key: text,
      name: text,
      is_admin: bit,
      created_at_ms: integer,
      last_login_at_ms: nullable(integer),
      deactivated_at_ms: nullable(integer),
      refuse_session_auth: bit,
      force_password_change: bit,
      password_hash: text,
      password_expires_at_ms: nullable(integer),
      password_used_at_ms: nullable(integer),
    },
  },
  token: {
    key: ["id"],
    columns: {
      id: text,
      user_id: text,
      kind: codec((value) => value === "api" || value === "session"),
      name: text,
      held_name: nullable(text),
      hash: bytes,
      rights: codec((value) => value === "full" || value === "read" || value === "verify"),
      created_at_ms: integer,
      expires_at_ms: integer,
      revoked_at_ms: nullable(integer),
      last_used_at_ms: nullable(integer),
    },
  },
  setting: {
    key: ["user_id", "key_json"],
    columns: { user_id: text, key_json: text, value_json: text },
  },
  login_failure: {
    key: ["id"],
    columns: { id: text, key_hash: bytes, at_ms: integer },
  },
};

/** A row as an export has it: always in the same order, whichever database it comes from. */
export function encodeRow(
  table: TransferredTable,
  row: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const columns = Object.entries<Codec>(TRANSFERRED[table].columns);
  return Object.fromEntries(columns.map(([name, { encode }]) => [name, encode(row[name])]));
}

/**
 * A row as the database takes it.
 *
 * @throws TypeError that names the column.
 */
export function decodeRow(table: TransferredTable, row: unknown): Record<string, unknown> {
  const given = Object(row) as Record<string, unknown>;
  const { columns } = TRANSFERRED[table];
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(columns, name));
  if (unknown !== undefined) throw new TypeError(`${table} has no column of that name`);
  return Object.fromEntries(
    Object.entries<Codec>(columns).map(([name, { decode }]) => {
      try {
        return [name, decode(given[name])];
      } catch (error) {
        const fault = error instanceof Error ? error.message : "is unusable";
        throw new TypeError(`${table}.${name} ${fault}`, { cause: error });
      }
    }),
  );
}
