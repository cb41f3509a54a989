import { expect, test } from "bun:test";

import { createTestConfig, failureOf } from "./setup.ts";
import { MISSING_FOR_SECRET_SERVICE, runWithSecretService } from "./secret-service.ts";

const SESSION = new URL("keychain-session.ts", import.meta.url).pathname;

if (MISSING_FOR_SECRET_SERVICE.length > 0) {
  const missing = MISSING_FOR_SECRET_SERVICE.join(", ");
  test(`THE KEY CHAIN IS NOT TESTED HERE: ${missing} missing`, () => {
    console.error(`\n\n*** THE KEY CHAIN IS NOT TESTED: install ${missing} (see .ci/run) ***\n\n`);
  });
} else {
  test("a secret in the key chain: kept, replaced, lost, removed", async () => {
    const { exitCode, stdout, stderr } = await runWithSecretService([process.execPath, SESSION]);
    expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual({
      opened: "conch_first",
      isInFile: false,
      goToken: "",
      afterReplacing: [null, "conch_second"],
      failed: "config_not_written",
      isStillSecond: true,
      afterFailing: "conch_second",
      lost: "credential_unusable",
      afterRemoving: null,
    });
  });
}

test("without a key chain: an error that offers the file, and nothing is stored there by itself", async () => {
  using config = createTestConfig();
  const credential = { kind: "token", value: "conch_x", place: "keychain" } as const;
  const failure = await failureOf(config.store.update((draft) => draft.put("a", { credential })));
  expect(failure).toMatchObject({ code: "keychain_unavailable", exitCode: 3 });
  expect(failure.hint).toContain("--store file");
  expect(await config.store.read()).toMatchObject({ exists: false });
});
