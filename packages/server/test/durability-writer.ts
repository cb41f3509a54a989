/** Writes without end and says what was acknowledged, until it is killed or its database is gone. */
import { randomUUID } from "node:crypto";
import { writeSync } from "node:fs";
import { openDatabase } from "../src/store/open-database.ts";
import { createUserRow } from "./rows.ts";

const WRITERS = 4;

const database = await openDatabase(process.argv[2] ?? "", {
  createId: randomUUID,
  nowMs: Date.now,
});

async function write(): Promise<never> {
  for (;;) {
    const user = createUserRow();
    const { seq } = await database.write(async (tx) => {
      await tx.insertInto("user_account").values(user).execute();
      return { value: null, changes: [{ kind: "user", userId: user.id }] };
    });
    // At once: what is only in a buffer was not said.
    writeSync(1, `${user.id} ${seq}\n`);
  }
}

await Promise.all(Array.from({ length: WRITERS }, write)).catch(() => process.exit(1));
