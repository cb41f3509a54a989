/** TLS to PostgreSQL, by both drivers: the pool's and the look-ups'. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { chownSync, copyFileSync, chmodSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { readOption, DATABASE_OPTION } from "../src/options.ts";
import { createPostgresLookUps } from "../src/store/dialect/postgres-look-up.ts";
import { createPool } from "../src/store/dialect/postgres-pool.ts";
import { openDatabase } from "../src/store/open-database.ts";
import { type PostgresServer, startPostgres, UNPRIVILEGED } from "./postgres.ts";
import { hashOf } from "./rows.ts";

setDefaultTimeout(60_000);

const FIXTURES = join(import.meta.dir, "fixtures/tls");
const AUTHORITY = join(FIXTURES, "authority.pem");
const ANOTHER_AUTHORITY = join(FIXTURES, "another-authority.pem");

let folder: string;
let encrypted: PostgresServer;
let plain: PostgresServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "conch-tls-"));
  chmodSync(folder, 0o711);
  // PostgreSQL takes a key only from its own account, and closed to others.
  for (const [name, mode] of [
    ["server.pem", 0o644],
    ["server-key.pem", 0o600],
  ] as const) {
    copyFileSync(join(FIXTURES, name), join(folder, name));
    chmodSync(join(folder, name), mode);
    if (userInfo().uid === 0) chownSync(join(folder, name), UNPRIVILEGED.uid, UNPRIVILEGED.gid);
  }
  [encrypted, plain] = await Promise.all([
    startPostgres({
      settings: [
        "ssl=on",
        `ssl_cert_file=${join(folder, "server.pem")}`,
        `ssl_key_file=${join(folder, "server-key.pem")}`,
      ],
    }),
    startPostgres(),
  ]);
});

afterAll(async () => {
  await Promise.all([encrypted.stop(), plain.stop()]);
  await rm(folder, { recursive: true });
});

/** The server's URL; its certificate is for `localhost`, and not for 127.0.0.1. */
function urlOf(server: PostgresServer, host: string, mode: string, authority?: string): string {
  const url = new URL(server.url);
  url.hostname = host;
  url.searchParams.set("sslmode", mode);
  if (authority !== undefined) url.searchParams.set("sslrootcert", authority);
  return url.href;
}

test("require, verify-ca and verify-full: every connection is encrypted", async () => {
  const urls = [
    urlOf(encrypted, "127.0.0.1", "require"),
    urlOf(encrypted, "127.0.0.1", "verify-ca", AUTHORITY),
    urlOf(encrypted, "localhost", "verify-full", AUTHORITY),
  ];
  for (const url of urls) {
    expect(readOption(DATABASE_OPTION, url)).toBe(url);
    const database = await openDatabase(url, {
      createId: () => crypto.randomUUID(),
      nowMs: Date.now,
    });
    const lease = database.openLease();
    const encryptions = await lease.transaction(async (tx) => {
      await database.lookUp(hashOf("x"));
      const { rows } = await sql<{ ssl: boolean }>`
        select ssl from pg_stat_ssl join pg_stat_activity using (pid)
        where application_name = 'conchd'`.execute(tx);
      return rows.map(({ ssl }) => ssl);
    }, 10_000);
    await database.close();
    expect(encryptions.length).toBeGreaterThanOrEqual(2);
    expect(encryptions).not.toContain(false);
  }
});

test("another authority, another name, or no TLS at all: refused by both drivers", async () => {
  const urls = [
    urlOf(encrypted, "localhost", "verify-full", ANOTHER_AUTHORITY),
    urlOf(encrypted, "127.0.0.1", "verify-ca", ANOTHER_AUTHORITY),
    urlOf(encrypted, "127.0.0.1", "verify-full", AUTHORITY),
    // The system's authorities do not know it.
    urlOf(encrypted, "localhost", "verify-full"),
    urlOf(plain, "localhost", "require"),
    urlOf(plain, "localhost", "verify-full", AUTHORITY),
  ];
  for (const url of urls) {
    const limits = { connectionsMax: 1, statementTimeoutMs: null, lockTimeoutMs: null };
    const pool = createPool({ url, connectTimeoutMs: 200, ...limits });
    const lookUps = createPostgresLookUps(url, () => null);
    const outcomes = await Promise.allSettled([pool.connect(), lookUps.lookUp(hashOf("x"))]);
    await Promise.all([pool.end(), lookUps.close()]);
    expect([url, ...outcomes.map(({ status }) => status)]).toEqual([url, "rejected", "rejected"]);
  }
});

test("what only one of the drivers would take is refused with the option's name", () => {
  const cases: [url: string, text: RegExp][] = [
    ["postgres://u:sekret@a:5432,b:5432/c", /one host/],
    ["postgres://u:sekret@a,b/c", /one host/],
    ["postgres:///c", /one host/],
    ["postgres://u:sekret@a/c?target_session_attrs=read-write", /no parameters but sslmode, /],
    ["postgres://u:sekret@a/c?sslmode=prefer", /sslmode must be one of/],
    ["postgres://u:sekret@a/c?sslmode=no-verify", /sslmode must be one of/],
    ["postgres://u:sekret@a/c?sslmode=verify-ca", /needs sslrootcert/],
    ["postgres://u:sekret@a/c?sslmode=require&sslrootcert=/x", /verify-full, or verify-ca/],
    ["postgres://u:sekret@a/c?sslrootcert=/x", /verify-full, or verify-ca/],
  ];
  for (const [url, text] of cases) {
    expect(() => readOption(DATABASE_OPTION, url)).toThrow(text);
    expect(() => readOption(DATABASE_OPTION, url)).toThrow(/^--database \(CONCHD_DATABASE\): /);
    expect(() => readOption(DATABASE_OPTION, url)).not.toThrow(/sekret/);
  }
});
