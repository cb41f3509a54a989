/** Revoking by value, where this server may not be the one that knows. */
import { expect, test } from "bun:test";
import { createToken } from "@conch/contract";
import { randomBytes } from "node:crypto";
import { createRevokeCredential } from "../src/services/credential-revocation.ts";
import { isUnrevoked } from "../src/store/token.ts";
import { describeEachDialect } from "./databases.ts";
import { createTokenRow, createUserRow, hashOf } from "./rows.ts";

const clock = { nowMs: Date.now, monotonicMs: () => performance.now() };

describeEachDialect("revoking an unknown token", (dialect) => {
  test("is no success where the lease cannot be renewed", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    const node = { lease: { renew: async () => false } };
    const revoke = createRevokeCredential({ database, node, clock });
    const refused = revoke({ kind: "api", text: createToken(randomBytes) });
    expect(await refused.catch((error: unknown) => error)).toMatchObject({
      code: "revocation_unconfirmed",
    });
  });

  test("revokes it where the renewal leads to a server that knows it", async () => {
    await using testDatabase = await dialect.create();
    const database = await testDatabase.open();
    const text = createToken(randomBytes);
    const user = createUserRow();
    const row = createTokenRow({ user_id: user.id, hash: hashOf(text) });
    const renew = async () => {
      await database.db.insertInto("user_account").values(user).execute();
      await database.db.insertInto("token").values(row).execute();
      return true;
    };
    await createRevokeCredential({ database, node: { lease: { renew } }, clock })({
      kind: "api",
      text,
    });
    expect(await isUnrevoked(database.db, row.id)).toBe(false);
  });
});
