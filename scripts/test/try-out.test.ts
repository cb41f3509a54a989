// What a newcomer runs first: npm run tour, npm start.
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../binaries.ts";

setDefaultTimeout(120_000);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "conch-try-out-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Starts an npm script, as users do, and collects what it prints. */
function start(script: string, ...args: readonly string[]) {
  const child = Bun.spawn(["npm", "run", script, "--", ...args], {
    cwd: ROOT,
    env: { ...process.env, TMPDIR: folder },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
  });
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let printed = "";
  /** Reads until the output holds a text, or ends. */
  async function readUntil(text: string): Promise<string> {
    while (!printed.includes(text)) {
      const { done, value } = await reader.read();
      if (done) break;
      printed += value;
    }
    return printed;
  }
  return { child, readUntil };
}

/** Processes whose command line holds a text, where the system shows them as files. */
function processesOf(text: string): string[] {
  return (existsSync("/proc") ? readdirSync("/proc") : [])
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8");
      } catch {
        // It ended meanwhile.
        return "";
      }
    })
    .filter((commandLine) => commandLine.includes(text));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test("the tour that is interrupted leaves no file and no process", async () => {
  const { child, readUntil } = start("tour");
  expect(await readUntil("conch profile create")).toContain("conch profile create");
  child.kill("SIGINT");
  expect(await child.exited).toBe(130);
  expect(readdirSync(folder)).toEqual([]);
  expect(processesOf(folder)).toEqual([]);
});

test("npm start makes an administrator once, and what it says to paste works", async () => {
  const address = `127.0.0.1:${await freePort()}`;
  const options = ["--listen", address, "--data", join(folder, "var")];
  const first = start("start", ...options);
  const printed = await first.readUntil("conchd listening");
  const password = /^Password: (\S+)$/m.exec(printed)?.[1] ?? "";
  expect(password).not.toBe("");

  const pasted = [...printed.matchAll(/^ {2}(\S.*)$/gm)].map(([, line]) => line).join("\n");
  const shell = Bun.spawnSync(
    ["bash", "-ec", pasted.replace(/ +# asks.*$/m, ' --password - <<< "$PASSWORD"')],
    {
      cwd: ROOT,
      env: { PATH: process.env["PATH"] ?? "", HOME: folder, PASSWORD: password },
    },
  );
  expect(pasted).toContain(`CONCH_URL=http://${address}`);
  expect(shell.stderr.toString()).not.toContain("error:");
  expect(shell.stdout.toString()).toMatch(/conch_[0-9A-Za-z]{38}/);

  first.child.kill("SIGINT");
  expect(await first.child.exited).toBe(0);
  const second = start("start", ...options);
  expect(await second.readUntil("conchd listening")).not.toContain("Password:");
  second.child.kill("SIGTERM");
  expect(await second.child.exited).toBe(0);
  expect(processesOf(folder)).toEqual([]);
});
