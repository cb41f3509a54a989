/** A real `conchd` on an empty SQLite database, with one user. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testBinaries } from "../../acceptance/harness/binaries.ts";
import { benchEnvironment } from "./environment.ts";
import type { RequestTemplate } from "./load.ts";
import { startServer, type Server } from "./server.ts";

/** The user that every benchmark's server knows. */
export const USER = { user: "ben@example.com", password: "marble-otter-twelve-lantern" } as const;

/** A running server and the binaries that it and its clients are. */
export interface Conchd extends AsyncDisposable {
  /** Without a slash at the end. */
  readonly url: string;
  readonly conch: string;
}

/** Starts one; disposing of it removes its database. */
export async function startConchd(): Promise<Conchd> {
  const binaries = await testBinaries();
  const folder = await mkdtemp(join(tmpdir(), "conch-bench-server-"));
  const database = `sqlite:${join(folder, "conch.db")}`;
  const created = Bun.spawnSync(
    [
      join(binaries, "conchd"),
      "user",
      "create",
      "--email",
      USER.user,
      "--name",
      "B",
      "--password-stdin",
      "--database",
      database,
    ],
    { env: benchEnvironment(), stdin: Buffer.from(`${USER.password}\n`) },
  );
  if (!created.success) throw new Error(created.stderr.toString());
  const server = await serveDatabase({ database, folder });
  return {
    url: `http://127.0.0.1:${server.port}`,
    conch: join(binaries, "conch"),
    async [Symbol.asyncDispose]() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** `GET /verify`, the request that is measured most. */
export const VERIFY_REQUEST: RequestTemplate = {
  method: "GET",
  path: "/verify",
  headers: { authorization: "Bearer {token}" },
};

/** Starts a node on a database that is there. */
export async function serveDatabase(settings: {
  readonly database: string;
  /** Gets the secrets and the mails; nodes of one installation share it. */
  readonly folder: string;
  /** Further options of `conchd serve`. */
  readonly options?: readonly string[];
}): Promise<Server> {
  const { database, folder, options = [] } = settings;
  const secrets = join(folder, "secrets");
  await writeFile(secrets, `${"secret of the benchmarks ".repeat(2)}\n`, { mode: 0o600 });
  const conchd = join(await testBinaries(), "conchd");
  const address = ["--listen", "127.0.0.1:0"];
  const files = ["--secrets-file", secrets, "--mail-folder", join(folder, "mail")];
  return startServer({
    command: [conchd, "serve", ...address, "--database", database, ...files, ...options],
    announcement(line) {
      const port = Number(/listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1]);
      return port > 0 ? { port, request: VERIFY_REQUEST } : null;
    },
  });
}

/** Logs in. @returns the whole login JWT. */
export async function logIn(url: string): Promise<string> {
  const answer = await fetch(`${url}/login`, {
    method: "POST",
    body: JSON.stringify(USER),
    headers,
  });
  if (answer.status !== 200) throw new Error(`POST /login: ${answer.status}`);
  const { jwt_token: start } = (await answer.json()) as { jwt_token: string };
  const signature = /jwt_sig=([^;]+)/.exec(answer.headers.get("set-cookie") ?? "")?.[1] ?? "";
  return `${start}.${signature}`;
}

const headers = { "content-type": "application/json" };

/** Creates an API token. @returns its value. */
export async function createToken(url: string): Promise<string> {
  const answer = await fetch(`${url}/user/me/token`, {
    method: "POST",
    body: JSON.stringify({ name: "bench" }),
    headers: { ...headers, authorization: `Bearer ${await logIn(url)}` },
  });
  return ((await answer.json()) as { token: string }).token;
}
