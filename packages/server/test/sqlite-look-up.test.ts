import { expect, test } from "bun:test";
import { Database as Connection } from "bun:sqlite";
import { randomUUID } from "node:crypto";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Database } from "../src/store/database.ts";
import { DatabaseUnavailableError } from "../src/store/errors.ts";
import { openDatabase } from "../src/store/open-database.ts";
import { createTokenRow, createUserRow } from "./rows.ts";

const REVOKED_AT_MS = 7;

/** A database with a token in it, and what revokes the token. */
async function openWithToken() {
  const directory = await mkdtemp(join(tmpdir(), "conch-test-"));
  const file = join(directory, "conch.db");
  const database = await openDatabase(`sqlite:${file}`, { createId: randomUUID, nowMs: Date.now });
  const { db, lookUp } = database;
  const user = createUserRow();
  const token = createTokenRow({ user_id: user.id });
  await db.insertInto("user_account").values(user).execute();
  await db.insertInto("token").values(token).execute();
  const revoke = (on: Pick<Database, "db">["db"]) =>
    on
      .updateTable("token")
      .set({ revoked_at_ms: REVOKED_AT_MS })
      .where("id", "=", token.id)
      .execute();
  const change = { kind: "token" as const, tokenId: token.id, userId: user.id };
  return {
    file,
    database,
    revoke,
    hash: token.hash,
    /** When the token was revoked, and the end of the log in the same state. */
    async state() {
      const { position, credential } = await lookUp(token.hash);
      return [credential?.token.revokedAtMs, position.seq];
    },
    revokeWhen: (condition: Promise<void>, begun: () => void) =>
      database.write(async (tx) => {
        await revoke(tx);
        begun();
        await condition;
        return { value: null, changes: [change] };
      }),
    async [Symbol.asyncDispose]() {
      await database.close();
      await rm(directory, { recursive: true });
    },
  };
}

test("look-ups see what is committed and where its log ends, never a transaction that is open", async () => {
  await using subject = await openWithToken();
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const written = subject.revokeWhen(goOn.promise, begun.resolve);
  await begun.promise;
  expect(await subject.state()).toEqual([null, 1]);
  goOn.resolve();
  expect((await written).seq).toBe(2);
  expect(await subject.state()).toEqual([REVOKED_AT_MS, 2]);
});

test("a look-up sees what is committed in its turn, here and by another process", async () => {
  await using subject = await openWithToken();
  const here = subject.state();
  // All of it runs before the event loop turns.
  void subject.revoke(subject.database.db);
  expect(await here).toEqual([REVOKED_AT_MS, 1]);
  const there = subject.state();
  const other = new Connection(subject.file);
  other.run("update token set revoked_at_ms = null");
  other.close();
  expect(await there).toEqual([null, 1]);
});

test("a look-up that fails does not say that there is no such token, and the next one works", async () => {
  await using subject = await openWithToken();
  const other = new Connection(subject.file);
  other.run("alter table user_account rename to elsewhere");
  const failure = await subject.state().catch(String);
  expect(failure).toContain("no such table");
  other.run("alter table elsewhere rename to user_account");
  other.run("update change_head set id = 2");
  expect(await subject.state().catch(String)).toContain("change_head is empty");
  other.run("update change_head set id = 1");
  other.close();
  expect(await subject.state()).toEqual([null, 1]);
});

test("a damaged file is a database that is not available", async () => {
  await using subject = await openWithToken();
  const other = new Connection(subject.file);
  other.run("PRAGMA wal_checkpoint(TRUNCATE)");
  other.close();
  const file = await open(subject.file, "r+");
  const { size } = await file.stat();
  await file.write(Buffer.alloc(size - 4096, 0xff), 0, size - 4096, 4096);
  await file.close();
  // What is not in anybody's memory is read again.
  const fresh = await openDatabase(`sqlite:${subject.file}`, {
    createId: randomUUID,
    nowMs: Date.now,
  }).catch((error: unknown) => error);
  expect(fresh).toBeInstanceOf(DatabaseUnavailableError);
  const failure = await subject.state().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(DatabaseUnavailableError);
});
