/** A conchd for tests that are no sessions. */
import { join } from "node:path";

/** A server that answers. */
export interface RunningServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a server on a free port, with one administrator. @param data an empty folder */
export async function startServer(
  binaries: string,
  data: string,
  admin: { readonly email: string; readonly password: string },
): Promise<RunningServer> {
  const conchd = join(binaries, "conchd");
  const env = {
    PATH: process.env["PATH"],
    CONCHD_DATABASE: `sqlite:${join(data, "conch.db")}`,
  };
  const create = Bun.spawnSync(
    [conchd, "user", "create", "--email", admin.email, "--admin", "--password-stdin"],
    { env, stdin: new Blob([`${admin.password}\n`]) },
  );
  if (create.exitCode !== 0) throw new Error(create.stderr.toString());
  const server = Bun.spawn([conchd, "serve", "--listen", "127.0.0.1:0"], {
    env,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
  });
  let log = "";
  for await (const text of server.stdout.pipeThrough(new TextDecoderStream())) {
    log += text;
    const url = /http:\/\/127\.0\.0\.1:[1-9]\d*/.exec(log)?.[0];
    if (url === undefined) continue;
    return {
      url,
      async stop() {
        server.kill();
        await server.exited;
      },
    };
  }
  throw new Error(`conchd did not start: ${log}`);
}
