/** `conchd` as a process: options, secrets, signals. */
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type OptionSpec, SERVE_OPTIONS } from "../src/options.ts";

const MAIN = join(import.meta.dir, "../src/main.ts");
const MS_MAX = 60_000;

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function spawn(args: readonly string[], env: Record<string, string> = {}, stdin = "") {
  return Bun.spawn([process.execPath, MAIN, ...args], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdin: new Blob([stdin]),
    stdout: "pipe",
    stderr: "pipe",
  });
}

async function run(...parts: Parameters<typeof spawn>): Promise<Run> {
  const child = spawn(...parts);
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "conchd-serve-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Starts a server and reads where it listens. */
async function start(
  database: string,
  more: readonly string[] = [],
  env: Record<string, string> = {},
) {
  const child = spawn(["serve", "--database", database, "--listen", "127.0.0.1:0", ...more], env);
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const url = /listening on (\S+)/.exec(new TextDecoder().decode(value))?.[1];
  if (url === undefined) throw new Error(await new Response(child.stderr).text());
  return { child, url, stderr: () => new Response(child.stderr).text() };
}

test("an empty variable counts as none only where no default is weaker than what may have been meant", async () => {
  const refused = Object.values(SERVE_OPTIONS).filter((spec) => {
    const { mayBeEmpty = false } = spec as OptionSpec<unknown>;
    return !mayBeEmpty;
  });
  // A new option has to be thought about.
  expect(refused.map(({ env }) => env.replace("CONCHD_", ""))).toEqual([
    "DATABASE",
    "PUBLIC_URL",
    "BOUND",
    "SECRETS_FILE",
    "TOKEN_LIFETIME",
    "TOKEN_MAX_LIFETIME",
    "SESSION_LIFETIME",
    "ADMIN_SESSION_LIFETIME",
    "SMTP_URL",
    "MAIL_FOLDER",
    "BODY_LIMIT",
    "BODY_TIMEOUT",
  ]);
  const harmless = Object.values(SERVE_OPTIONS).filter((spec) => !refused.includes(spec));
  await withFolder(async (folder) => {
    const env = Object.fromEntries(harmless.map(({ env }) => [env, ""]));
    const { child } = await start(`sqlite:${join(folder, "conch.db")}`, [], env);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
  });
});

test(
  "a wrong configuration is refused with the option's name, and no secret in it",
  async () => {
    const cases: [args: string[], env: Record<string, string>, text: RegExp][] = [
      [["--listen", "nowhere"], {}, /^conchd: --listen \(CONCHD_LISTEN\): must be HOST:PORT/],
      [["--public-url", "ftp://x"], {}, /--public-url \(CONCHD_PUBLIC_URL\)/],
      // The limit of a body is wrong too, so that no server starts where the URL is taken.
      [["--public-url", "http://x/?", "--body-limit", "0"], {}, /--public-url .* must not have/],
      [["--public-url", "http://x/#", "--body-limit", "0"], {}, /--public-url .* must not have/],
      [
        ["--advertise", "http://:sekret@x", "--body-limit", "0"],
        {},
        /--advertise .* must not have/,
      ],
      [["--trusted-proxy", "10.0.0.0/40"], {}, /--trusted-proxy/],
      [[], { CONCHD_TOKEN_LIFETIME: "5 years" }, /--token-lifetime \(CONCHD_TOKEN_LIFETIME\)/],
      [["--token-lifetime", "9y", "--token-max-lifetime", "1y"], {}, /--token-lifetime/],
      [[], { CONCHD_SMTP_URL: "https://u:sekret@x" }, /--smtp-url \(CONCHD_SMTP_URL\)/],
      [["--database", "mysql://u:sekret@x"], {}, /--database \(CONCHD_DATABASE\)/],
      [["--database", "postgres://u:sekret@x/y"], {}, /--secrets-file .* needed with PostgreSQL/],
      [["--secrets-file", "/nonexistent/x"], {}, /--secrets-file .* cannot be read/],
      [["--mail-folder", "/dev/null/mail"], {}, /--mail-folder .* cannot be written to/],
      [["--body-limit", "0"], {}, /--body-limit/],
      [["--log-level", ""], {}, /--log-level .* must not be empty/],
      [[], { CONCHD_PUBLIC_URL: "" }, /\(CONCHD_PUBLIC_URL\): must not be empty/],
    ];
    await withFolder(async (folder) => {
      const file = join(folder, "conch.db");
      for (const [args, env, text] of cases) {
        const all = { CONCHD_DATABASE: `sqlite:${file}`, ...env };
        const { code, stdout, stderr } = await run(["serve", ...args], all);
        expect([args, code, stdout]).toEqual([args, 2, ""]);
        expect(stderr).toMatch(text);
        expect(stderr).not.toContain("sekret");
      }
      expect(existsSync(file)).toBe(false);
    });
  },
  MS_MAX,
);

test(
  "a database that cannot be opened is named, and no secrets are left beside it",
  async () => {
    await withFolder(async (folder) => {
      const text = join(folder, "text");
      await writeFile(text, "a file that is no database at all, of some length\n".repeat(20));
      for (const file of [join(folder, "missing", "conch.db"), folder, text]) {
        const { code, stdout, stderr } = await run(["serve", "--database", `sqlite:${file}`]);
        expect([file, code, stdout]).toEqual([file, 1, ""]);
        expect(stderr).toStartWith(`conchd: --database (CONCHD_DATABASE): the database ${file} `);
        expect(existsSync(`${file}.secrets`)).toBe(false);
      }
    });
  },
  MS_MAX,
);

test("--help names every option with its variable", async () => {
  const { code, stdout } = await run(["--help"]);
  expect(code).toBe(0);
  for (const { flags, env } of Object.values(SERVE_OPTIONS)) {
    expect(stdout).toContain(flags);
    expect(stdout).toContain(env);
  }
});

test(
  "conchd user create: a generated password once, one from stdin never, each fault by its option",
  async () => {
    await withFolder(async (folder) => {
      const env = { CONCHD_DATABASE: `sqlite:${join(folder, "conch.db")}` };
      const create = (args: string[], stdin?: string) =>
        run(["user", "create", ...args], env, stdin);
      const admin = await create(["--email", "a@example.com", "--admin"]);
      expect([admin.code, admin.stderr]).toEqual([0, ""]);
      expect(admin.stdout).toMatch(/^Email: a@example.com\nPassword: [0-9A-Za-z]{16,}\n$/);
      const given = ["--email", "b@example.com", "--name", "B", "--password-stdin"];
      const typed = await create(given, "velvet anchor drifts at noon\r\n");
      expect([typed.code, typed.stdout]).toEqual([0, "Email: b@example.com\n"]);
      const faults: [args: string[], stdin: string, text: RegExp][] = [
        [["--email", "A@example.com"], "", /--email: an active user has that address/],
        [["--email", "nobody"], "", /--email: must be an e-mail address/],
        [["--email", "c@example.com", "--name", "me"], "", /--name: must not be "me"/],
        [["--email", "c@example.com", "--password-stdin"], "password1234\n", /too easy to guess/],
        [
          ["--email", "c@example.com", "--password-stdin"],
          "",
          /--password-stdin: nothing was read/,
        ],
        [[], "", /--email/],
      ];
      for (const [args, stdin, text] of faults) {
        const { code, stdout, stderr } = await create(args, stdin);
        expect([args, code, stdout]).toEqual([args, 2, ""]);
        expect(stderr).toMatch(text);
        expect(stderr).not.toContain("password1234");
      }
    });
  },
  MS_MAX,
);

test(
  "SIGTERM finishes what runs, writes the last uses, exits 0; secrets outlive it, mode 0600",
  async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "conch.db");
      const database = `sqlite:${file}`;
      const made = await run([
        "user",
        "create",
        "--database",
        database,
        "--email",
        "a@example.com",
      ]);
      const password = /^Password: (\S+)$/m.exec(made.stdout)?.[1];
      const first = await start(database);
      const json = { "content-type": "application/json" };
      const logIn = (url: string) =>
        fetch(`${url}/login`, {
          method: "POST",
          headers: json,
          body: JSON.stringify({ user: "a@example.com", password }),
        });
      const login = await logIn(first.url);
      const { jwt_token: jwt } = (await login.json()) as { jwt_token: string };
      const cookie = /^jwt_sig=[^;]+/.exec(login.headers.get("set-cookie") ?? "")?.[0] ?? "";
      const headers = { authorization: `Bearer ${jwt}`, cookie };
      const created = await fetch(`${first.url}/user/me/token`, {
        method: "POST",
        headers: { ...headers, ...json },
        body: '{"name":"t"}',
      });
      const { token } = (await created.json()) as { token: string };
      const used = await fetch(`${first.url}/me`, {
        headers: { authorization: `Bearer ${token}` },
      });
      expect(used.status).toBe(204);

      // Logins are slow enough to be under way when the signal comes.
      const underWay = [logIn(first.url), logIn(first.url)];
      await Bun.sleep(5);
      first.child.kill("SIGTERM");
      expect(await first.child.exited).toBe(0);
      const statuses = (await Promise.allSettled(underWay)).map((result) =>
        result.status === "fulfilled" ? result.value.status : "refused",
      );
      expect(statuses.filter((status) => status !== 200 && status !== "refused")).toEqual([]);
      const log = await first.stderr();
      expect(log.trimEnd().split("\n").at(-1)).toContain('"event":"stopped"');
      // All is in the one file: what is copied now is the database.
      expect(existsSync(`${file}-wal`) || existsSync(`${file}-shm`)).toBe(false);
      expect(log).not.toContain(token);

      const secrets = `${file}.secrets`;
      expect((await stat(secrets)).mode & 0o777).toBe(0o600);
      expect((await readFile(secrets, "utf8")).trim().length).toBeGreaterThanOrEqual(32);
      expect((await stat(file)).mode & 0o777).toBe(0o600);

      const second = await start(database);
      const again = await fetch(`${second.url}/user/me/token/t`, { headers });
      expect(again.status).toBe(200);
      const { last_used: lastUsed } = (await again.json()) as { last_used: string | null };
      expect(lastUsed).not.toBeNull();
      second.child.kill("SIGINT");
      expect(await second.child.exited).toBe(0);
    });
  },
  MS_MAX,
);

test(
  "a second server on the same port says so, and leaves the first alone",
  async () => {
    await withFolder(async (folder) => {
      const database = `sqlite:${join(folder, "conch.db")}`;
      const first = await start(database);
      const { host } = new URL(first.url);
      const second = await run(["serve", "--database", database, "--listen", host]);
      expect(second.code).toBe(2);
      expect(second.stderr).toMatch(/--listen \(CONCHD_LISTEN\): .*in use/);
      expect((await fetch(`${first.url}/ping`)).status).toBe(200);
      first.child.kill("SIGTERM");
      expect(await first.child.exited).toBe(0);
    });
  },
  MS_MAX,
);
