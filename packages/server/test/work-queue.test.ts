import { expect, test } from "bun:test";
import { ApiError } from "../src/errors.ts";
import { createPasswordHasher } from "../src/services/password-hasher.ts";
import { createWorkQueue } from "../src/services/work-queue.ts";

function createGate() {
  const opened: (() => void)[] = [];
  let running = 0;
  let runningMax = 0;
  return {
    runningMax: () => runningMax,
    open: () => opened.shift()?.(),
    async pass<T>(value: T): Promise<T> {
      running += 1;
      runningMax = Math.max(runningMax, running);
      await new Promise<void>((resolve) => opened.push(resolve));
      running -= 1;
      return value;
    },
  };
}

const settle = () => Bun.sleep(0);

test("so many run, so many wait, the rest is 503 overloaded with Retry-After", async () => {
  const gate = createGate();
  const queue = createWorkQueue({ concurrency: 2, waitingMax: 2 });
  const results = [1, 2, 3, 4].map((value) => queue.run(() => gate.pass(value)));
  const refused = await queue.run(() => gate.pass(5)).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ApiError);
  expect(refused).toMatchObject({
    code: "overloaded",
    status: 503,
    headers: { "retry-after": "1" },
  });
  for (let round = 0; round < 4; round += 1) {
    gate.open();
    await settle();
  }
  expect(await Promise.all(results)).toEqual([1, 2, 3, 4]);
  expect(gate.runningMax()).toBe(2);
  const later = queue.run(() => gate.pass(6));
  gate.open();
  expect(await later).toBe(6);
});

test("work that fails hands its place on", async () => {
  const queue = createWorkQueue({ concurrency: 1, waitingMax: 1 });
  const failing = queue.run(() => Promise.reject(new Error("no")));
  const next = queue.run(() => Promise.resolve("next"));
  expect(await failing.catch((error: Error) => error.message)).toBe("no");
  expect(await next).toBe("next");
});

test("pitfall 31: an unknown user costs a whole verification, and is never right", async () => {
  const checked: string[] = [];
  const argon2 = {
    hash: (password: string) => Promise.resolve(`hash of ${password}`),
    verify(_: string, passwordHash: string) {
      checked.push(passwordHash);
      return Promise.resolve(true);
    },
    close: () => Promise.resolve(),
  };
  const queue = createWorkQueue({ concurrency: 1, waitingMax: 1 });
  const hasher = createPasswordHasher(argon2, queue, "stand-in");
  expect(await hasher.verify("x", "hash of x")).toBe(true);
  expect(await hasher.verify("x", null)).toBe(false);
  expect(checked).toEqual(["hash of x", "hash of stand-in"]);
});

test("a stand-in that could not be made is made at the next attempt", async () => {
  let attempts = 0;
  const argon2 = {
    hash(password: string) {
      attempts += 1;
      return attempts === 1 ? Promise.reject(new Error("no")) : Promise.resolve(password);
    },
    verify: () => Promise.resolve(true),
    close: () => Promise.resolve(),
  };
  const queue = createWorkQueue({ concurrency: 1, waitingMax: 1 });
  const hasher = createPasswordHasher(argon2, queue, "stand-in");
  expect(await hasher.verify("x", null).catch((error: Error) => error.message)).toBe("no");
  expect(await hasher.verify("x", null)).toBe(false);
});
