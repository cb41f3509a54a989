/** A real `conchd` in this process, for tests: real sockets, a real database, a clock that moves. */
import { afterAll, beforeAll } from "bun:test";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compareCodePoints } from "@conch/contract";
import { type Context, createContext } from "../src/context.ts";
import { readServeConfig } from "../src/config.ts";
import { serve } from "../src/serve.ts";
import type { Database } from "../src/store/database.ts";
import type { UserRow } from "../src/store/schema.ts";
import { type TestDatabase, type TestDialect, describeEachDialect } from "./databases.ts";
import { createUserRow } from "./rows.ts";

/** The password of every user that `createUser` makes. */
export const PASSWORD = "nine brass lamps sail";
/** Signs the login JWTs of test servers. */
export const SECRET = "a signing secret for tests, 32 characters and more";

let passwordHash: Promise<string> | undefined;

/** argon2id with less work, so that the suite's time goes into what it tests. */
const argon2 = {
  hash: (password: string) =>
    Bun.password.hash(password, { algorithm: "argon2id", memoryCost: 256, timeCost: 1 }),
  verify: (password: string, passwordHash: string) => Bun.password.verify(password, passwordHash),
  close: async () => {},
};

/** What a client sends to show who it is. */
export type Credential = Readonly<Record<string, string>>;

/** A user with what it takes to act as them. */
export interface TestUser {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  /** A login session: split JWT and cookie. */
  readonly session: Credential;
}

/** What a request is made of. */
export interface RequestParts {
  readonly as?: Credential;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as an object; fails where it is not JSON. */
  json(): Record<string, unknown>;
  /** The body as a list of objects. */
  list(): Record<string, unknown>[];
  /** A field of the body, as text. */
  field(name: string): string;
}

/** A mail that was written to the mail folder. */
export interface TestMail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** A running server. */
export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly database: Database;
  /** For another node on the same database. */
  readonly databaseUrl: string;
  /** Where the server's files are. */
  readonly folder: string;
  /** Every line of the log so far. */
  readonly log: readonly string[];
  /** Moves the server's wall clock. */
  advance(ms: number): void;
  nowMs(): number;
  call(method: string, path: string, parts?: RequestParts): Promise<Answer>;
  /** Sends bytes as they are; for requests that no client library sends. */
  raw(text: string): Promise<string>;
  createUser(given?: Partial<UserRow>): Promise<TestUser>;
  login(user: string, password: string): Promise<Answer>;
  createToken(owner: TestUser, name: string, more?: object): Promise<Credential>;
  mails(): Promise<TestMail[]>;
  stop(): Promise<void>;
}

/** Starts a server on an empty database. @param options as on the command line, by name. */
export async function startServer(
  dialect: TestDialect,
  options: Readonly<Record<string, string>> = {},
): Promise<TestServer> {
  const testDatabase = await dialect.create();
  const folder = await mkdtemp(join(tmpdir(), "conchd-test-"));
  const secretsFile = join(folder, "secrets");
  await Bun.write(secretsFile, `${SECRET}\n`);
  const log: string[] = [];
  const { context, advance } = createTestContext(log);
  const config = readServeConfig({
    database: testDatabase.url,
    listen: "127.0.0.1:0",
    secretsFile,
    mailFolder: join(folder, "mail"),
    logLevel: "debug",
    drainDelay: "0",
    ...options,
  });
  const running = await serve(config, context);
  const database = await testDatabase.open();
  return createTestServer({ running, database, testDatabase, folder, log, context, advance });
}

const START_MS_MAX = 60_000;

/** Tests of one server, started before them, once for each kind of database. */
export function describeServer(
  name: string,
  tests: (server: TestServer, dialect: TestDialect) => void,
  options?: Readonly<Record<string, string>>,
): void {
  describeEachDialect(name, (dialect) => {
    let running: TestServer | undefined;
    beforeAll(async () => {
      running = await startServer(dialect, options);
    }, START_MS_MAX);
    afterAll(async () => {
      await running?.[Symbol.asyncDispose]();
    });
    // Tests are declared before the server runs.
    const server = new Proxy({} as TestServer, {
      get: (_, key) => Reflect.get(running ?? {}, key) as unknown,
    });
    tests(server, dialect);
  });
}

/** The session that a login's answer begins. */
export function sessionOf(answer: Answer): Credential {
  const cookie = /^jwt_sig=[^;]+/.exec(answer.headers.get("set-cookie") ?? "")?.[0] ?? "";
  return { authorization: `Bearer ${answer.field("jwt_token")}`, cookie };
}

/** A token as a client shows it. */
export function bearer(token: string): Credential {
  return { authorization: `Bearer ${token}` };
}

function createTestContext(log: string[]): { context: Context; advance: (ms: number) => void } {
  const system = createContext();
  let offsetMs = 0;
  const context: Context = {
    ...system,
    argon2,
    clock: { ...system.clock, nowMs: () => system.clock.nowMs() + offsetMs },
    log: { write: (line) => log.push(line), flush: () => {} },
  };
  return { context, advance: (ms) => (offsetMs += ms) };
}

function createTestServer(parts: {
  running: { url: string; stop: () => Promise<void> };
  database: Database;
  testDatabase: TestDatabase;
  folder: string;
  log: string[];
  context: Context;
  advance: (ms: number) => void;
}): TestServer {
  const { running, database, testDatabase, folder, log, context } = parts;
  let stopping: Promise<void> | undefined;

  const server: TestServer = {
    url: running.url,
    database,
    databaseUrl: testDatabase.url,
    folder,
    log,
    advance: parts.advance,
    nowMs: () => context.clock.nowMs(),
    call: (method, path, request) => call(running.url, method, path, request),
    raw: (text) => sendRaw(running.url, text),
    login: (user, password) => call(running.url, "POST", "/login", { json: { user, password } }),

    async createUser(given) {
      passwordHash ??= argon2.hash(PASSWORD);
      const row = createUserRow({ password_hash: await passwordHash, ...given });
      await database.db.insertInto("user_account").values(row).execute();
      const answer = await server.login(row.id, PASSWORD);
      if (answer.status !== 200) throw new Error(`login failed: ${answer.text}`);
      return { id: row.id, email: row.email, name: row.name, session: sessionOf(answer) };
    },

    async createToken(owner, name, more = {}) {
      const json = { name, ...more };
      const answer = await server.call("POST", "/user/me/token", { as: owner.session, json });
      if (answer.status !== 201) throw new Error(`no token: ${answer.text}`);
      return bearer(answer.field("token"));
    },

    async mails() {
      const names = await readdir(join(folder, "mail")).catch(() => []);
      const texts = await Promise.all(
        names.sort(compareCodePoints).map((name) => readFile(join(folder, "mail", name), "utf8")),
      );
      return texts.map(parseMail);
    },

    stop: () => (stopping ??= running.stop()),

    async [Symbol.asyncDispose]() {
      await server.stop();
      await testDatabase[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
  return server;
}

async function call(
  url: string,
  method: string,
  path: string,
  { as = {}, json, body, headers = {} }: RequestParts = {},
): Promise<Answer> {
  const type = json === undefined ? {} : { "content-type": "application/json" };
  const response = await fetch(url + path, {
    method,
    redirect: "manual",
    headers: { ...type, ...as, ...headers },
    ...(json !== undefined && { body: JSON.stringify(json) }),
    ...(body !== undefined && { body }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: () => JSON.parse(text) as Record<string, unknown>,
    list: () => JSON.parse(text) as Record<string, unknown>[],
    field: (name) => String((JSON.parse(text) as Record<string, unknown>)[name]),
  };
}

/** Resolves with everything that came back when the server has closed the connection. */
function sendRaw(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let received = "";
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.on("data", (chunk) => (received += chunk.toString("utf8")));
    socket.on("close", () => resolve(received));
    socket.on("error", reject);
  });
}

function parseMail(message: string): TestMail {
  const [head = "", ...body] = message.split("\r\n\r\n");
  const header = (name: string) =>
    new RegExp(`^${name}: (.*)$`, "mi").exec(head)?.[1]?.trim() ?? "";
  return { to: header("To"), subject: header("Subject"), text: body.join("\n\n") };
}
