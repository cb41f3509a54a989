import { afterAll, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createHashThreads } from "../src/services/password-hash-threads.ts";
import { createQuestionWorker, WorkerBrokenError } from "../src/services/question-worker.ts";

const PASSWORD = "nine brass lamps sail";

describe("hash threads", () => {
  const argon2 = createHashThreads();
  afterAll(() => argon2.close());

  test("hash with 19 MiB, two passes and one lane, and tell right from wrong, several at once", async () => {
    const [hash, other] = await Promise.all([argon2.hash(PASSWORD), argon2.hash(PASSWORD)]);
    expect(hash).toStartWith("$argon2id$v=19$m=19456,t=2,p=1$");
    expect(hash).not.toBe(other);
    const checks = [PASSWORD, "another one", PASSWORD].map((text) => argon2.verify(text, hash));
    expect(await Promise.all(checks)).toEqual([true, false, true]);
  });

  test("a stored hash that is none is an error without the password, and harms no other", async () => {
    const error = await argon2.verify(PASSWORD, "$argon2id$no").catch((error: unknown) => error);
    expect(error).toBeInstanceOf(Error);
    expect(Bun.inspect(error)).not.toContain(PASSWORD);
    const hash = await argon2.hash(PASSWORD);
    expect(await argon2.verify(PASSWORD, hash)).toBe(true);
  });

  test.if(process.platform === "linux")("give way to every other thread", async () => {
    await argon2.hash(PASSWORD);
    const priorities = readdirSync("/proc/self/task").map((id) => getPriority(Number(id)));
    expect(Math.max(...priorities)).toBe(10);
    expect(getPriority(process.pid)).toBe(0);
  });
});

test("a worker that ends without an answer breaks that question alone", async () => {
  const script = `
    import { parentPort } from "node:worker_threads";
    parentPort.on("message", (question) => {
      if (question === "throw") throw new Error("thrown");
      if (question === "exit") process.exit(3);
      parentPort.postMessage(question);
    });
  `;
  const folder = await mkdtemp(join(tmpdir(), "conchd-test-worker-"));
  const file = join(folder, "worker.mjs");
  await writeFile(file, script);
  const worker = createQuestionWorker<string, string>(pathToFileURL(file));
  for (const fatal of ["exit", "throw"]) {
    expect(await worker.ask(fatal).catch((error: unknown) => error)).toBeInstanceOf(
      WorkerBrokenError,
    );
    expect(await worker.ask("echo")).toBe("echo");
  }
  await worker.close();
  await rm(folder, { recursive: true });
});
