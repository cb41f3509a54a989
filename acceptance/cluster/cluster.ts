/** Three real nodes on one real PostgreSQL, four real verifiers, and the network between them. */
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { startPostgres } from "../../packages/server/test/postgres.ts";
import { testBinaries } from "../harness/binaries.ts";
import { type NodeLoad, startNodeLoad } from "./node-load.ts";
import { type Sightings, readSightings } from "./record.ts";
import { type TcpProxy, startTcpProxy } from "./tcp-proxy.ts";

/** How large it is. */
export interface ClusterOptions {
  /** An empty folder for files. */
  readonly folder: string;
  readonly boundMs: number;
  readonly nodes: number;
  readonly verifiers: number;
  readonly tokens: number;
}

/** A process that can be stopped, killed and started again. */
export interface ClusterProcess {
  readonly name: string;
  /** SIGSTOP and SIGCONT. */
  freeze(): void;
  thaw(): void;
  /** SIGKILL, and the same process anew. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** A node, with its network. */
export interface ClusterNode extends ClusterProcess {
  readonly url: string;
  /** Between the node and the database. */
  readonly toDatabase: TcpProxy;
  readonly load: NodeLoad;
}

/** A verifier, with its network. */
export interface ClusterVerifier extends ClusterProcess {
  /** Between the verifier and each node. */
  readonly toNodes: readonly TcpProxy[];
  /** What each of its lives has seen, the last one at the end. */
  readonly lives: () => readonly (readonly Sightings[])[];
}

/** All of it. */
export interface Cluster {
  readonly nodes: readonly ClusterNode[];
  readonly verifiers: readonly ClusterVerifier[];
  /** By the number that loads and verifiers know them by. */
  readonly tokens: readonly string[];
  /** The user's own token, which may do everything. */
  readonly owner: string;
  /** Kills one of the database's processes: it drops all connections and recovers. */
  crashDatabase(): Promise<void>;
  stop(): Promise<void>;
}

const EMAIL = "ada@example.com";
const PASSWORD = "violet-anchor-ninety-canoe";

/** The name of a token by its number. */
export function tokenName(index: number): string {
  return `token ${index}`;
}

/** Starts everything; loads begin at once. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { folder } = options;
  const conchd = join(await testBinaries(), "conchd");
  const postgres = await startPostgres();
  await writeFile(join(folder, "secrets"), "a signing secret for tests, 32 characters and more\n");
  await run(conchd, ["user", "create", "--email", EMAIL, "--password-stdin"], postgres.url);
  await run(conchd, ["bound", String(options.boundMs / 1000)], postgres.url);

  const stopped: (() => void | Promise<void>)[] = [];
  const starting: NodeStart[] = [];
  for (let index = 0; index < options.nodes; index += 1) {
    starting.push(await startNode(conchd, index, postgres.url, folder));
  }
  const firstUrl = starting[0]?.url ?? "";
  const { owner, service, tokens } = await createTokens(firstUrl, options.tokens);
  const tokensFile = join(folder, "tokens.json");
  await writeFile(tokensFile, JSON.stringify(tokens));
  const nodes = starting.map((node) => ({ ...node, load: startNodeLoad(node.url, tokens) }));
  const verifiers: ClusterVerifier[] = [];
  for (let index = 0; index < options.verifiers; index += 1) {
    const setting = { folder, tokensFile, service, ports: nodes.map(({ port }) => port) };
    verifiers.push(await startVerifier(index, setting));
  }
  return {
    nodes,
    verifiers,
    tokens,
    owner,
    crashDatabase: () => killBackend(postgres.pid()),
    async stop() {
      await Promise.all(nodes.map(({ load }) => load.stop()));
      await Promise.all([...verifiers, ...nodes].map((process) => process.kill()));
      for (const { toDatabase } of nodes) toDatabase.close();
      for (const { toNodes } of verifiers) for (const proxy of toNodes) proxy.close();
      for (const stop of stopped) await stop();
      await postgres.stop();
    },
  };
}

async function run(conchd: string, args: readonly string[], database: string): Promise<void> {
  const child = Bun.spawn([conchd, ...args, "--database", database], {
    stdin: new Blob([`${PASSWORD}\n`]),
    stdout: "ignore",
    stderr: "pipe",
  });
  const errors = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`conchd ${args.join(" ")}: ${errors}`);
}

type NodeStart = Omit<ClusterNode, "load"> & { readonly port: number };

async function startNode(
  conchd: string,
  index: number,
  databaseUrl: string,
  folder: string,
): Promise<NodeStart> {
  const toDatabase = await startTcpProxy(Number(new URL(databaseUrl).port));
  const database = new URL(databaseUrl);
  database.port = String(toDatabase.port);
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const mail = join(folder, `mail-${index}`);
  await mkdir(mail);
  const process = createProcess(`node ${index}`, {
    command: [conchd, "serve", "--log-level", "error"],
    env: {
      CONCHD_LISTEN: `127.0.0.1:${port}`,
      CONCHD_DATABASE: database.href,
      CONCHD_SECRETS_FILE: join(folder, "secrets"),
      CONCHD_MAIL_FOLDER: mail,
    },
    log: join(folder, `node-${index}.log`),
    isReady: async () => (await fetch(`${url}/health/ready`)).ok,
  });
  await process.start();
  return { ...process, url, port, toDatabase };
}

async function startVerifier(
  index: number,
  setting: {
    readonly folder: string;
    readonly tokensFile: string;
    readonly service: string;
    readonly ports: readonly number[];
  },
): Promise<ClusterVerifier> {
  const toNodes = await Promise.all(setting.ports.map(startTcpProxy));
  // Not all of them first at the same node.
  const urls = toNodes.map((_, offset) => {
    const proxy = toNodes[(index + offset) % toNodes.length];
    return `http://127.0.0.1:${proxy?.port}`;
  });
  let lives = 0;
  const recordOf = (life: number) => join(setting.folder, `verifier-${index}-${life}`);
  const process = createProcess(`verifier ${index}`, {
    command: [globalThis.process.execPath, join(import.meta.dir, "verifier-process.ts")],
    env: () => {
      lives += 1;
      return {
        URLS: urls.join(","),
        TOKEN: setting.service,
        TOKENS: setting.tokensFile,
        RECORD: recordOf(lives),
      };
    },
    log: join(setting.folder, `verifier-${index}.log`),
    isReady: async () =>
      readSightings(recordOf(lives)).some(({ acceptedAtMs }) => acceptedAtMs > 0),
  });
  await process.start();
  return {
    ...process,
    toNodes,
    lives: () => Array.from({ length: lives }, (_, life) => readSightings(recordOf(life + 1))),
  };
}

interface ProcessSetting {
  readonly command: string[];
  readonly env: Record<string, string> | (() => Record<string, string>);
  readonly isReady: () => Promise<boolean>;
  /** Where its stderr goes; a process that is started again begins it anew. */
  readonly log: string;
}

function createProcess(name: string, setting: ProcessSetting): ClusterProcess {
  const { log } = setting;
  let child: Bun.Subprocess | undefined;
  return {
    name,
    freeze: () => child?.kill("SIGSTOP"),
    thaw: () => child?.kill("SIGCONT"),
    async kill() {
      child?.kill("SIGKILL");
      await child?.exited;
    },
    async start() {
      const { env } = setting;
      child = Bun.spawn(setting.command, {
        env: { PATH: process.env["PATH"] ?? "", ...(typeof env === "function" ? env() : env) },
        stdin: "ignore",
        stdout: "ignore",
        stderr: Bun.file(log),
      });
      while (!(await setting.isReady().catch(() => false))) {
        if (child.exitCode !== null) {
          throw new Error(`${name} ended at its start: ${await Bun.file(log).text()}`);
        }
        await Bun.sleep(20);
      }
    },
  };
}

async function createTokens(
  url: string,
  count: number,
): Promise<{ owner: string; service: string; tokens: string[] }> {
  const login = await fetch(`${url}/login`, {
    method: "POST",
    body: JSON.stringify({ user: EMAIL, password: PASSWORD }),
  });
  const { jwt_token: jwt } = (await login.json()) as { jwt_token: string };
  const signature = login.headers.get("set-cookie")?.split(";")[0]?.replace("jwt_sig=", "") ?? "";
  const session = `${jwt}.${signature}`;
  const owner = await createToken(url, session, "owner");
  const service = await createToken(url, owner, "service", "verify");
  const tokens: string[] = [];
  for (let index = 0; index < count; index += 1) {
    tokens.push(await createToken(url, owner, tokenName(index)));
  }
  return { owner, service, tokens };
}

/** Makes a token. @throws Error where the server does not acknowledge it. */
export async function createToken(
  url: string,
  owner: string,
  name: string,
  rights = "full",
): Promise<string> {
  const response = await fetch(`${url}/user/me/token`, {
    method: "POST",
    headers: { authorization: `Bearer ${owner}`, "content-type": "application/json" },
    body: JSON.stringify({ name, rights }),
  });
  if (response.status !== 201) throw new Error(`no token: ${await response.text()}`);
  return ((await response.json()) as { token: string }).token;
}

/** A backend that dies takes all others with it, and the database goes through recovery. */
async function killBackend(postmaster: number): Promise<void> {
  const list = Bun.spawn(["ps", "-o", "pid=,args=", "--ppid", String(postmaster)], {
    stdout: "pipe",
  });
  const lines = (await new Response(list.stdout).text()).split("\n");
  const backend = lines.find((line) => line.includes("postgres: conch "));
  if (backend === undefined) throw new Error("no connection to kill");
  process.kill(Number.parseInt(backend, 10), "SIGKILL");
}

async function findFreePort(): Promise<number> {
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
