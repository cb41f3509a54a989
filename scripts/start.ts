// npm start: builds the binaries and runs the server in the foreground on 127.0.0.1:5001, its data
// under var/. The first time, it makes an administrator and shows the password, this once.
//   npm start -- --listen HOST:PORT --data FOLDER
// package.json runs it by `exec`: npm's shell dies of a SIGTERM without passing it on.
import { mkdir, rm, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildBinary, NO_FLAGS, ROOT } from "./binaries.ts";

const ADMIN = "admin@example.com";
const { values: options } = parseArgs({
  options: {
    listen: { type: "string", default: "127.0.0.1:5001" },
    data: { type: "string", default: join(ROOT, "var") },
  },
});
const address = options.listen;
const folder = resolve(options.data);
const database = join(folder, "conch.db");
const dist = join(ROOT, "dist");
const conchd = join(dist, "conchd");

async function start(): Promise<number> {
  await mkdir(dist, { recursive: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await Promise.all([
    buildBinary("conch", join(dist, "conch"), NO_FLAGS),
    buildBinary("conchd", conchd, NO_FLAGS),
  ]);
  const isFirst = !(await stat(database).then(
    () => true,
    () => false,
  ));
  if (isFirst) await createAdmin();
  showNextSteps(isFirst);
  return runServer();
}

async function createAdmin(): Promise<void> {
  const child = Bun.spawn(
    [conchd, "user", "create", "--email", ADMIN, "--admin", "--database", `sqlite:${database}`],
    { stdout: "inherit", stderr: "inherit" },
  );
  if ((await child.exited) === 0) return;
  // Otherwise the next start would find a database and make no administrator.
  for (const suffix of ["", "-wal", "-shm"]) await rm(database + suffix, { force: true });
  throw new Error("no administrator could be made");
}

function showNextSteps(isFirst: boolean): void {
  const conch = `./${relative(ROOT, join(dist, "conch"))}`;
  const shown = relative(process.cwd(), folder);
  const login = isFirst
    ? `${conch} profile create --name local --user ${ADMIN}   # asks for the password above`
    : `${conch} profile create --name local --user ${ADMIN}`;
  console.log(`
${isFirst ? "This password is shown once. " : ""}In another terminal, in ${ROOT}:

  export CONCH_ENV=development CONCH_URL=http://${address}
  ${login}
  ${conch} user token create my-first-token
  ${conch} user tokens

Data is in ${shown}/, mails are written to ${shown}/mail/. Ctrl-C ends the server.
`);
}

async function runServer(): Promise<number> {
  const child = Bun.spawn(
    [conchd, "serve", "--listen", address, "--database", `sqlite:${database}`],
    // A group of its own, so that Ctrl-C reaches the server once: a second one ends it at once.
    { stdin: "ignore", stdout: "inherit", stderr: "inherit", detached: true },
  );
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => child.kill(signal === "SIGHUP" ? "SIGTERM" : signal));
  }
  return child.exited;
}

try {
  process.exit(await start());
} catch (error) {
  console.error(`start: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
