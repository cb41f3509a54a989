/**
 * The package as built: the README's examples, as they stand, on each runtime with the real frameworks
 * and a real conchd; and what a verifier keeps of what is over.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { access, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { BINARIES_VARIABLE, testBinaries } from "../../../acceptance/harness/binaries.ts";
import { buildLibraries } from "../../../scripts/libraries.ts";

const ROOT = join(import.meta.dir, "../../..");
const PASSWORD = "violet-anchor-ninety-canoe";
const EMAIL = "ben@example.com";
const PATIENCE_MS = 120_000;
/** So that an example's verifier gives up soon once its server is gone. */
const BOUND_SECONDS = "1";

/** The machine's own Node, and not one that npm has put on the path. */
const machineNode = Bun.which("node", {
  PATH: (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => !folder.includes("node_modules"))
    .join(delimiter),
});
const ltsNode = join(ROOT, `node_modules/node-${process.platform}-${process.arch}/bin/node`);

const runtimes: Readonly<Record<string, string>> = {
  "the machine's Node": machineNode ?? "node",
  "Node LTS": ltsNode,
  Bun: process.execPath,
};

interface Example {
  readonly name: string;
  readonly code: string;
}

/** The blocks that begin with a comment that names a file. */
async function readExamples(): Promise<Example[]> {
  const readme = await readFile(join(import.meta.dir, "../README.md"), "utf8");
  const blocks = readme.matchAll(/^```js\n\/\/ ([\w-]+\.mjs)\n(.*?)^```$/gms);
  return [...blocks].map(([, name = "", code = ""]) => ({ name, code }));
}

const examples = await readExamples();
const services = examples.filter(({ name }) => name !== "verify.mjs");

let folder: string;
let conchd: { readonly url: string; kill(): Promise<void> };
let service: string;
let full: string;
let read: string;

async function runConchd(binary: string, args: readonly string[], input = ""): Promise<void> {
  const child = Bun.spawn([binary, ...args], {
    cwd: folder,
    stdin: new Blob([input]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const errors = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`conchd ${args.join(" ")}: ${errors}`);
}

async function startConchd(): Promise<typeof conchd> {
  const binary = join(await testBinaries(), "conchd");
  const database = ["--database", `sqlite:${join(folder, "conch.sqlite")}`];
  const user = ["user", "create", "--email", EMAIL, "--password-stdin"];
  await runConchd(binary, [...user, ...database], `${PASSWORD}\n`);
  await runConchd(binary, ["bound", BOUND_SECONDS, ...database]);
  const child = Bun.spawn([binary, "serve", "--listen", "127.0.0.1:0", ...database], {
    cwd: folder,
    stdout: "pipe",
    stderr: "ignore",
  });
  let printed = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    printed += text;
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0];
    if (url === undefined) continue;
    const kill = async (): Promise<void> => {
      child.kill("SIGKILL");
      await child.exited;
    };
    return { url, kill };
  }
  throw new Error(`conchd did not start: ${printed}`);
}

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(conchd.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return {
    json: (await response.json()) as Record<string, string>,
    cookie: response.headers.get("set-cookie")?.split(";")[0] ?? "",
  };
}

async function createTokens(): Promise<void> {
  const login = await post("/login", { user: EMAIL, password: PASSWORD });
  const session = {
    authorization: `Bearer ${login.json["jwt_token"]}`,
    cookie: login.cookie,
  };
  const create = async (name: string, rights: string) =>
    (await post("/user/me/token", { name, rights }, session)).json["token"] ?? "";
  service = await create("service", "verify");
  full = await create("full", "full");
  read = await create("read", "read");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => {
    server.once("listening", resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function environment(port: number): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    CONCH_URL: conchd.url,
    CONCH_TOKEN: service,
    PORT: String(port),
  };
}

/** Modules that export `{ fetch }` are served by the runtime, or by the test where it does not. */
function commandOf(runtime: string, { name, code }: Example): string[] {
  const path = join(folder, name);
  const isServedByRuntime = runtime === process.execPath || !code.includes("export default");
  return isServedByRuntime ? [runtime, path] : [runtime, join(folder, "serve-fetch.mjs"), path];
}

async function startExample(runtime: string, example: Example) {
  const port = await freePort();
  const child = Bun.spawn(commandOf(runtime, example), {
    cwd: folder,
    env: environment(port),
    stdout: "inherit",
    stderr: "inherit",
  });
  while (!(await isListening(port))) {
    if (child.exitCode !== null) throw new Error(`${example.name} ended at once`);
    await Bun.sleep(50);
  }
  return { url: `http://127.0.0.1:${port}/`, child };
}

async function expectService(url: string): Promise<void> {
  const ask = (token: string | null, method = "GET") =>
    fetch(url, { method, headers: token === null ? {} : { authorization: `Bearer ${token}` } });
  for (const method of ["GET", "POST"]) {
    const response = await ask(full, method);
    expect([response.status, await response.text()]).toEqual([200, `Hello, ${EMAIL}\n`]);
  }
  expect((await ask(null)).status).toBe(401);
  expect((await ask("conch_x")).headers.get("www-authenticate")).toContain("invalid_token");
  expect((await ask(read)).status).toBe(200);
  expect((await ask(read, "POST")).status).toBe(403);
  expect((await ask(service)).status).toBe(403);
  expect(await askTwice(url)).toContain("invalid_token");
}

/** With two good tokens in two headers, which `fetch` would join. @returns the answer as it came. */
async function askTwice(url: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  const header = `Authorization: Bearer ${full}\r\n`;
  socket.write(`GET / HTTP/1.1\r\nHost: service\r\n${header}${header}Connection: close\r\n\r\n`);
  let answer = "";
  for await (const text of socket.setEncoding("utf8")) answer += text as string;
  return answer;
}

beforeAll(async () => {
  if (process.env[BINARIES_VARIABLE] === undefined) await buildLibraries();
  await access(join(ROOT, "packages/verify/dist/index.js"));
  folder = await mkdtemp(join(tmpdir(), "conch-readme-"));
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  for (const { name, code } of examples) await writeFile(join(folder, name), code);
  const server = await readFile(join(import.meta.dir, "serve-fetch.mjs"));
  await writeFile(join(folder, "serve-fetch.mjs"), server);
  conchd = await startConchd();
  await createTokens();
}, PATIENCE_MS);

afterAll(async () => {
  await conchd?.kill();
  await rm(folder, { recursive: true });
}, PATIENCE_MS);

test("the README shows each adapter", () => {
  const names = ["express.mjs", "fastify.mjs", "hono.mjs", "node.mjs", "verify.mjs", "web.mjs"];
  expect(examples.map(({ name }) => name).sort()).toEqual(names);
});

const started: Awaited<ReturnType<typeof startExample>>[] = [];
afterAll(() => {
  for (const { child } of started) child.kill("SIGKILL");
});

for (const [runtime, path] of Object.entries(runtimes)) {
  describe(runtime, () => {
    for (const example of services) {
      test(
        example.name,
        async () => {
          const running = await startExample(path, example);
          started.push(running);
          await expectService(running.url);
        },
        PATIENCE_MS,
      );
    }

    test(
      "verify.mjs",
      async () => {
        const run = async (token: string) => {
          const command = [path, join(folder, "verify.mjs"), token];
          const child = Bun.spawn(command, { cwd: folder, env: environment(0), stdout: "pipe" });
          const printed = await new Response(child.stdout).text();
          return [await child.exited, printed];
        };
        expect(await run(full)).toEqual([0, `full of ${EMAIL}\n`]);
        expect(await run("conch_x")).toEqual([0, "invalid\n"]);
      },
      PATIENCE_MS,
    );
  });
}

test(
  "nothing is kept of a look-up that is over: Node 20 did, of signals derived from a lasting one",
  async () => {
    const script = join(ROOT, "packages/verify/test/look-up-memory.mjs");
    const command = [runtimes["the machine's Node"] ?? "node", "--expose-gc", script];
    const child = Bun.spawn(command, { stdout: "pipe" });
    const printed = await new Response(child.stdout).text();
    expect(await child.exited).toBe(0);
    expect(Number(printed)).toBeLessThan(30);
  },
  PATIENCE_MS,
);

// The last: it takes the server away.
test(
  "with the server gone, 503 and nobody let in, on every runtime",
  async () => {
    await conchd.kill();
    for (const { url } of started) {
      const ask = () => fetch(url, { headers: { authorization: `Bearer ${full}` } });
      let response = await ask();
      while (response.status === 200) {
        await Bun.sleep(100);
        response = await ask();
      }
      expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
    }
  },
  PATIENCE_MS,
);
