/** A real `conchd` on an empty SQLite database, with one user. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testBinaries } from "../../acceptance/harness/binaries.ts";
import { benchEnvironment } from "./environment.ts";
import { startServer } from "./server.ts";

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
  const conchd = join(binaries, "conchd");
  const database = ["--database", `sqlite:${join(folder, "conch.db")}`];
  const created = Bun.spawnSync(
    [
      conchd,
      "user",
      "create",
      "--email",
      USER.user,
      "--name",
      "B",
      "--password-stdin",
      ...database,
    ],
    { env: benchEnvironment(), stdin: Buffer.from(`${USER.password}\n`) },
  );
  if (!created.success) throw new Error(created.stderr.toString());
  const server = await startServer({
    command: [conchd, "serve", "--listen", "127.0.0.1:0", ...database],
    announcement(line) {
      const port = Number(/listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1]);
      return port > 0 ? { port, request: { method: "GET", path: "/me", headers: {} } } : null;
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    conch: join(binaries, "conch"),
    async [Symbol.asyncDispose]() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
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
